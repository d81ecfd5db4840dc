//! The fields of a Map.

use serde_json::Value;

use super::fields::Fields;
use super::{Code, Reader};
use crate::asl::machine::{ItemBatcher, ItemReader, Items, Language, MapState, Mode, Payload, ResultWriter};

/// The longest label ("Map state: Label", developer guide; recorded with AWS's refusal).
const LABEL_CHARS_MAX: usize = 40;

impl Reader {
    pub(super) fn map(
        &mut self,
        fields: &Fields,
        at: &str,
        language: Language,
        depth: usize,
    ) -> Option<MapState> {
        let processor_name = if fields.contains_key("ItemProcessor") { "ItemProcessor" } else { "Iterator" };
        if self.one_of(fields, &["ItemProcessor", "Iterator"], at) == 0 {
            self.fail("These fields are required: [ItemProcessor]", at);
            return None;
        }
        self.one_of(fields, &["ItemSelector", "Parameters"], at);
        let place = format!("{at}/{processor_name}");
        let Some(processor) = fields[processor_name].as_object() else {
            self.fail("Expected value of type Object", &place);
            return None;
        };
        self.only(processor, &["Comment", "StartAt", "States", "ProcessorConfig", "QueryLanguage"], &place);
        let mode = self.mode(processor, &place);
        let around = self.whole_language;
        let flow = self.flow(processor, &place, around, depth + 1);
        let items = self.items(fields, at, language);
        let selector = if fields.contains_key("Parameters") { "Parameters" } else { "ItemSelector" };
        let map = MapState {
            mode: mode?,
            label: self.label(fields, at),
            items: items?,
            item_selector: self.payload(fields, selector, at, language),
            max_concurrency: self.amount(fields, "MaxConcurrency", at, language, 0.0),
            tolerated_count: self.amount(fields, "ToleratedFailureCount", at, language, 0.0),
            tolerated_percentage: self.amount(fields, "ToleratedFailurePercentage", at, language, 0.0),
            reader: self.reader(fields, at, language),
            batcher: self.batcher(fields, at, language),
            writer: self.writer(fields, at, language),
            processor: std::sync::Arc::new(flow?),
        };
        if map.mode == Mode::Inline {
            for name in ["ItemReader", "ItemBatcher", "ResultWriter", "Label"] {
                if fields.contains_key(name) {
                    self.fail(format!("Field '{name}' is not supported"), &format!("{at}/{name}"));
                }
            }
        }
        Some(map)
    }

    fn mode(&mut self, processor: &Fields, at: &str) -> Option<Mode> {
        let Some(config) = processor.get("ProcessorConfig") else { return Some(Mode::Inline) };
        let place = format!("{at}/ProcessorConfig");
        let Some(config) = config.as_object() else {
            self.fail("Expected value of type Object", &place);
            return None;
        };
        self.only(config, &["Mode", "ExecutionType"], &place);
        let text = |name: &str| config.get(name).and_then(Value::as_str);
        match (text("Mode"), text("ExecutionType")) {
            (None | Some("INLINE"), _) => Some(Mode::Inline),
            (Some("DISTRIBUTED"), Some("EXPRESS")) => Some(Mode::Distributed { express: true }),
            (Some("DISTRIBUTED"), Some("STANDARD")) => Some(Mode::Distributed { express: false }),
            (Some("DISTRIBUTED"), None) => {
                self.fail("These fields are required: [ExecutionType]", &place);
                None
            }
            (Some("DISTRIBUTED"), Some(_)) => {
                let message =
                    "The field 'ExecutionType' should have one of these values: [STANDARD, EXPRESS]";
                self.fail(message, &format!("{place}/ExecutionType"));
                None
            }
            (Some(_), _) => {
                let message = "The field 'Mode' should have one of these values: [INLINE, DISTRIBUTED]";
                self.fail(message, &format!("{place}/Mode"));
                None
            }
        }
    }

    fn label(&mut self, fields: &Fields, at: &str) -> Option<String> {
        fields.get("Label")?;
        let label = self.text(fields, "Label", at)?;
        let place = format!("{at}/Label");
        if label.chars().count() > LABEL_CHARS_MAX {
            self.fail(format!("Label cannot exceed {LABEL_CHARS_MAX} characters"), &place);
        }
        if !self.labels.insert(label.clone()) {
            self.told(Code::DuplicateLabelName, format!("Duplicate label name: {label}"), &place);
        }
        Some(label)
    }

    fn items(&mut self, fields: &Fields, at: &str, language: Language) -> Option<Items> {
        if language == Language::Jsonata {
            return match fields.get("Items") {
                None => Some(Items::Input),
                Some(Value::Array(_) | Value::String(_) | Value::Object(_)) => {
                    self.dynamic(fields, "Items", at).map(Items::Dynamic)
                }
                Some(_) => {
                    self.fail("Expected value of type Array", &format!("{at}/Items"));
                    None
                }
            };
        }
        match fields.get("ItemsPath") {
            None => Some(Items::Input),
            Some(path) => self.reference(path, "ItemsPath", at).map(Items::Path),
        }
    }

    fn arguments(&mut self, fields: &Fields, at: &str, language: Language) -> Option<Payload> {
        let name = if language == Language::Jsonata { "Arguments" } else { "Parameters" };
        self.payload(fields, name, at, language)
    }

    fn reader(&mut self, fields: &Fields, at: &str, language: Language) -> Option<ItemReader> {
        let place = format!("{at}/ItemReader");
        let Some(reader) = fields.get("ItemReader")?.as_object() else {
            self.fail("Expected value of type Object", &place);
            return None;
        };
        self.only(reader, &["Resource", "ReaderConfig", "Parameters", "Arguments", "Comment"], &place);
        let resource = self.text(reader, "Resource", &place);
        let arguments = self.arguments(reader, &place, language);
        let config = reader.get("ReaderConfig").cloned().unwrap_or(Value::Null);
        let max_items = match config.as_object() {
            Some(config) => self.amount(config, "MaxItems", &format!("{place}/ReaderConfig"), language, 0.0),
            None => None,
        };
        Some(ItemReader { resource: resource?, arguments, config, max_items })
    }

    fn batcher(&mut self, fields: &Fields, at: &str, language: Language) -> Option<ItemBatcher> {
        let place = format!("{at}/ItemBatcher");
        let Some(batcher) = fields.get("ItemBatcher")?.as_object() else {
            self.fail("Expected value of type Object", &place);
            return None;
        };
        let known = [
            "BatchInput",
            "MaxItemsPerBatch",
            "MaxItemsPerBatchPath",
            "MaxInputBytesPerBatch",
            "MaxInputBytesPerBatchPath",
        ];
        self.only(batcher, &known, &place);
        let read = ItemBatcher {
            batch_input: self.payload(batcher, "BatchInput", &place, language),
            max_items: self.amount(batcher, "MaxItemsPerBatch", &place, language, 1.0),
            max_bytes: self.amount(batcher, "MaxInputBytesPerBatch", &place, language, 1.0),
        };
        if read.max_items.is_none() && read.max_bytes.is_none() {
            self.fail("One of these fields is required: [MaxItemsPerBatch, MaxInputBytesPerBatch]", &place);
        }
        Some(read)
    }

    fn writer(&mut self, fields: &Fields, at: &str, language: Language) -> Option<ResultWriter> {
        let place = format!("{at}/ResultWriter");
        let Some(writer) = fields.get("ResultWriter")?.as_object() else {
            self.fail("Expected value of type Object", &place);
            return None;
        };
        self.only(writer, &["Resource", "WriterConfig", "Parameters", "Arguments", "Comment"], &place);
        let resource = match writer.get("Resource") {
            Some(_) => Some(self.text(writer, "Resource", &place)?),
            None => None,
        };
        let arguments = self.arguments(writer, &place, language);
        Some(ResultWriter {
            resource,
            arguments,
            config: writer.get("WriterConfig").cloned().unwrap_or(Value::Null),
        })
    }
}
