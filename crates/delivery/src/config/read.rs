//! From the tree to the schema, refusing what it does not know.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use updraft_judge::{ExposurePlan, Policy, Weight};

use super::schema::{
    Check, Checks, Config, EnvironmentConfig, Load, LoadRequest, OnInconclusive, ReleaseConfig, Strategy,
};
use super::tree::{self, At, Node, Value};
use crate::{ExitCode, Explain, Outcome, Place, Problem};

/// The file's name, in the app's folder.
pub const FILE_NAME: &str = "updraft.yaml";
/// Where a template is looked for when `updraft.yaml` names none.
pub const TEMPLATE_NAMES: [&str; 4] = ["template.yaml", "template.yml", "sam.yaml", "template.json"];

/// How long a check may take when nothing is said: as long as a function at most runs.
const CHECK_TIMEOUT: Duration = Duration::from_secs(900);
/// How long a release waits for evidence when nothing is said; CodeDeploy's longest predefined is 30 minutes.
const RELEASE_DEADLINE: Duration = Duration::from_secs(2 * 3600);
/// How many times as often a canary may be slow: less was seen of harmless ones whose environments
/// idled for longer than the old version's.
const LATENCY_TOLERANCE: f64 = 3.0;
/// How many requests a second the declared load sends when nothing is said.
const LOAD_RATE: f64 = 20.0;
/// The most: beyond this one process can no longer keep the pace.
const LOAD_RATE_MAX: f64 = 2_000.0;
/// What a name may be, so that stacks and buckets can carry it.
const NAME_LEN_MAX: usize = 32;

/// Reads the configuration of the app in `root`; without a file, every default.
pub fn load(root: &Path) -> Outcome<Config> {
    let root = root
        .canonicalize()
        .explain(ExitCode::Config, || format!("there is no folder `{}`", root.display()))?;
    let file = root.join(FILE_NAME);
    let text = match std::fs::read_to_string(&file) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
        Err(error) => {
            return Err(error).explain(ExitCode::Config, || format!("cannot read {}", file.display()));
        }
    };
    parse(&root, &text)
}

/// Reads the text of an `updraft.yaml` that stands in `root`.
pub fn parse(root: &Path, text: &str) -> Outcome<Config> {
    let source = Source { file: root.join(FILE_NAME), text };
    let tree = tree::parse(text).map_err(|error| source.wrong(&error.place, error.message))?;
    source.config(root, &tree)
}

struct Source<'a> {
    file: PathBuf,
    text: &'a str,
}

/// A mapping whose keys have been checked.
struct Fields<'n> {
    entries: &'n [(tree::Key, Node)],
}

impl<'n> Fields<'n> {
    fn get(&self, name: &str) -> Option<&'n Node> {
        self.entries.iter().find(|(key, node)| key.text == name && !node.is_null()).map(|(_, node)| node)
    }
}

impl Source<'_> {
    fn config(&self, root: &Path, tree: &Node) -> Outcome<Config> {
        let fields =
            self.fields(tree, "", &["app", "template", "environments", "checks", "release", "load"])?;
        let app = match fields.get("app") {
            Some(node) => self.name(node, "app")?,
            None => default_name(root),
        };
        let template = match fields.get("template") {
            Some(node) => PathBuf::from(self.text(node, "template")?),
            None => TEMPLATE_NAMES
                .iter()
                .find(|name| root.join(name).exists())
                .map_or_else(|| PathBuf::from(TEMPLATE_NAMES[0]), PathBuf::from),
        };
        Ok(Config {
            app,
            root: root.to_owned(),
            template,
            environments: fields.get("environments").map_or(Ok(BTreeMap::new()), |n| self.environments(n))?,
            checks: fields.get("checks").map_or(Ok(Checks::default()), |n| self.checks(n))?,
            release: self.release(fields.get("release"))?,
            load: fields.get("load").map(|node| self.load(node)).transpose()?,
        })
    }

    fn environments(&self, node: &Node) -> Outcome<BTreeMap<String, EnvironmentConfig>> {
        let mut environments = BTreeMap::new();
        for (key, node) in self.mapping(node, "environments")? {
            let name = key.text.clone();
            if !is_name(&name) {
                return Err(self
                    .wrong(&key.place, format!("`{name}` cannot name an environment"))
                    .hint(NAME_HINT));
            }
            let environment =
                if node.is_null() { EnvironmentConfig::default() } else { self.environment(node, &name)? };
            environments.insert(name, environment);
        }
        Ok(environments)
    }

    fn environment(&self, node: &Node, name: &str) -> Outcome<EnvironmentConfig> {
        let within = format!("environments.{name}");
        let known = ["parameters", "stack", "endpoint", "region", "account", "profile", "url"];
        let fields = self.fields(node, &within, &known)?;
        let text =
            |key: &str| fields.get(key).map(|node| self.text(node, &format!("{within}.{key}"))).transpose();
        let mut parameters = BTreeMap::new();
        if let Some(node) = fields.get("parameters") {
            for (key, value) in self.mapping(node, "parameters")? {
                parameters.insert(key.text.clone(), self.text(value, &key.text)?);
            }
        }
        Ok(EnvironmentConfig {
            parameters,
            stack: text("stack")?,
            endpoint: text("endpoint")?,
            region: text("region")?,
            account: text("account")?,
            profile: text("profile")?,
            url: text("url")?,
        })
    }

    fn checks(&self, node: &Node) -> Outcome<Checks> {
        let fields = self.fields(node, "checks", &["unit", "smoke", "e2e"])?;
        let list = |key: &str| match fields.get(key) {
            None => Ok(Vec::new()),
            Some(node) => self.items(node).into_iter().map(|node| self.check(node, key)).collect(),
        };
        Ok(Checks { unit: list("unit")?, smoke: list("smoke")?, e2e: list("e2e")? })
    }

    fn check(&self, node: &Node, key: &str) -> Outcome<Check> {
        if let Value::Scalar { text, .. } = &node.value {
            let (name, run) = (text.clone(), text.clone());
            return Ok(Check { name, run, dir: PathBuf::new(), timeout: CHECK_TIMEOUT });
        }
        let fields = self.fields(node, &format!("checks.{key}"), &["name", "run", "dir", "timeout"])?;
        let Some(run) = fields.get("run") else {
            return Err(self.wrong(&node.place, "a check needs `run`, its command"));
        };
        let run = self.text(run, "run")?;
        let name = fields.get("name").map(|node| self.text(node, "name")).transpose()?;
        let dir = fields.get("dir").map(|node| self.text(node, "dir")).transpose()?;
        let timeout =
            fields.get("timeout").map_or(Ok(CHECK_TIMEOUT), |node| self.duration(node, "timeout"))?;
        let dir = dir.map(PathBuf::from).unwrap_or_default();
        Ok(Check { name: name.unwrap_or_else(|| run.clone()), run, dir, timeout })
    }

    fn release(&self, node: Option<&Node>) -> Outcome<ReleaseConfig> {
        let mut release = ReleaseConfig {
            strategy: Strategy::default(),
            policy: Policy { latency_tolerance: LATENCY_TOLERANCE, ..Policy::default() },
            deadline: RELEASE_DEADLINE,
            on_inconclusive: OnInconclusive::default(),
        };
        let Some(node) = node else { return Ok(release) };
        let known = [
            "strategy",
            "alpha",
            "beta",
            "margin",
            "relative_margin",
            "steps",
            "dwell",
            "deadline",
            "on_inconclusive",
            "latency_tolerance",
        ];
        let fields = self.fields(node, "release", &known)?;
        if let Some(node) = fields.get("strategy") {
            let options = [("evidence", Strategy::Evidence), ("all-at-once", Strategy::AllAtOnce)];
            release.strategy = self.choice(node, "release.strategy", &options)?;
        }
        if let Some(node) = fields.get("on_inconclusive") {
            let options = [("roll-back", OnInconclusive::RollBack), ("promote", OnInconclusive::Promote)];
            release.on_inconclusive = self.choice(node, "release.on_inconclusive", &options)?;
        }
        if let Some(node) = fields.get("deadline") {
            release.deadline = self.duration(node, "release.deadline")?;
        }
        let policy = &mut release.policy;
        for (key, slot) in [
            ("alpha", &mut policy.alpha),
            ("beta", &mut policy.beta),
            ("margin", &mut policy.margin.absolute),
            ("relative_margin", &mut policy.margin.relative),
            ("latency_tolerance", &mut policy.latency_tolerance),
        ] {
            if let Some(node) = fields.get(key) {
                *slot = self.number(node, &format!("release.{key}"))?;
            }
        }
        if let Some(node) = fields.get("steps") {
            policy.plan = self.steps(node, policy.plan.dwell_secs)?;
        }
        if let Some(node) = fields.get("dwell") {
            policy.plan.dwell_secs = self.duration(node, "release.dwell")?.as_secs() as u32;
        }
        policy.check().map_err(|error| self.wrong(&node.place, error.to_string()))?;
        Ok(release)
    }

    fn steps(&self, node: &Node, dwell_secs: u32) -> Outcome<ExposurePlan> {
        let mut weights = Vec::new();
        for item in self.items(node) {
            let percent = self.number(item, "release.steps")?;
            let weight = Weight::percent(percent).map_err(|e| self.wrong(&item.place, e.to_string()))?;
            weights.push(weight);
        }
        ExposurePlan::new(&weights, dwell_secs).map_err(|error| {
            self.wrong(&node.place, error.to_string())
                .hint("write rising percentages below 100, such as `steps: [2, 10, 25, 50]`")
        })
    }

    fn load(&self, node: &Node) -> Outcome<Load> {
        if matches!(node.value, Value::Sequence(_)) {
            return Ok(Load { rate: LOAD_RATE, requests: self.load_requests(node)? });
        }
        let fields = self.fields(node, "load", &["rate", "requests"])?;
        let rate = match fields.get("rate") {
            None => LOAD_RATE,
            Some(node) => {
                let rate = self.number(node, "load.rate")?;
                if !(rate > 0.0 && rate <= LOAD_RATE_MAX) {
                    let message = format!("a load's rate lies above 0 and at {LOAD_RATE_MAX} at most");
                    return Err(self.wrong(&node.place, message));
                }
                rate
            }
        };
        match fields.get("requests") {
            Some(requests) => Ok(Load { rate, requests: self.load_requests(requests)? }),
            None => Err(self.wrong(&node.place, "a load needs `requests`, a list of what to send")),
        }
    }

    fn load_requests(&self, node: &Node) -> Outcome<Vec<LoadRequest>> {
        let requests: Vec<_> =
            self.items(node).into_iter().map(|node| self.load_request(node)).collect::<Outcome<_>>()?;
        if requests.iter().map(|request| request.weight).sum::<f64>() <= 0.0 {
            return Err(self.wrong(&node.place, "a load needs at least one request with a weight above 0"));
        }
        Ok(requests)
    }

    fn load_request(&self, node: &Node) -> Outcome<LoadRequest> {
        let fields = self.fields(node, "load", &["method", "path", "body", "weight", "headers"])?;
        let Some(path) = fields.get("path") else {
            return Err(self.wrong(&node.place, "a request needs `path`"));
        };
        let path_text = self.text(path, "path")?;
        if !path_text.starts_with('/') {
            return Err(self.wrong(&path.place, "a path begins with `/`"));
        }
        let method = fields.get("method").map(|node| self.text(node, "method")).transpose()?;
        let weight = fields.get("weight").map_or(Ok(1.0), |node| self.number(node, "weight"))?;
        if weight < 0.0 {
            return Err(self.wrong(&node.place, "a weight is not negative"));
        }
        let mut headers = Vec::new();
        if let Some(node) = fields.get("headers") {
            for (key, value) in self.mapping(node, "headers")? {
                headers.push((key.text.clone(), self.text(value, &key.text)?));
            }
        }
        Ok(LoadRequest {
            method: method.unwrap_or_else(|| "GET".to_owned()).to_uppercase(),
            path: path_text,
            body: fields.get("body").map(|node| self.body(node)).transpose()?,
            weight,
            headers,
        })
    }

    /// A body is text, or a value to be sent as JSON.
    fn body(&self, node: &Node) -> Outcome<String> {
        match &node.value {
            Value::Scalar { text, .. } => Ok(text.clone()),
            _ => Ok(to_json(node).to_string()),
        }
    }

    fn fields<'n>(&self, node: &'n Node, within: &str, known: &[&str]) -> Outcome<Fields<'n>> {
        let entries = self.mapping(node, within)?;
        for (key, _) in entries {
            if !known.contains(&key.text.as_str()) {
                let place = if within.is_empty() { "here".to_owned() } else { format!("in `{within}`") };
                let hint = match nearest(&key.text, known) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => format!("known keys are {}", known.join(", ")),
                };
                return Err(self.wrong(&key.place, format!("unknown key `{}` {place}", key.text)).hint(hint));
            }
        }
        Ok(Fields { entries })
    }

    fn mapping<'n>(&self, node: &'n Node, within: &str) -> Outcome<&'n [(tree::Key, Node)]> {
        match &node.value {
            Value::Mapping(entries) => Ok(entries),
            _ if node.is_null() => Ok(&[]),
            _ => Err(self.wrong(&node.place, format!("`{within}` holds keys and values"))),
        }
    }

    /// The items of a list; a single value is a list of one.
    fn items<'n>(&self, node: &'n Node) -> Vec<&'n Node> {
        match &node.value {
            Value::Sequence(items) => items.iter().collect(),
            _ => vec![node],
        }
    }

    fn text(&self, node: &Node, name: &str) -> Outcome<String> {
        match &node.value {
            Value::Scalar { text, .. } => Ok(text.clone()),
            _ => Err(self.wrong(&node.place, format!("`{name}` is a text"))),
        }
    }

    fn name(&self, node: &Node, key: &str) -> Outcome<String> {
        let text = self.text(node, key)?;
        if is_name(&text) {
            Ok(text)
        } else {
            Err(self.wrong(&node.place, format!("`{text}` cannot be the {key}'s name")).hint(NAME_HINT))
        }
    }

    fn number(&self, node: &Node, name: &str) -> Outcome<f64> {
        let text = self.text(node, name)?;
        let (digits, unit) = match text.strip_suffix('%') {
            Some(digits) if !name.ends_with("steps") => (digits, 0.01),
            Some(digits) => (digits, 1.0),
            None => (text.as_str(), 1.0),
        };
        match digits.trim().parse::<f64>() {
            Ok(number) if number.is_finite() => Ok(number * unit),
            _ => Err(self.wrong(&node.place, format!("`{name}` is a number, not `{text}`"))),
        }
    }

    fn duration(&self, node: &Node, name: &str) -> Outcome<Duration> {
        let text = self.text(node, name)?;
        let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
        let unit_secs = match &text[digits.len()..] {
            "" | "s" => 1,
            "m" => 60,
            "h" => 3600,
            _ => 0,
        };
        match digits.trim().parse::<u64>() {
            Ok(number) if unit_secs > 0 => Ok(Duration::from_secs(number.saturating_mul(unit_secs))),
            _ => Err(self
                .wrong(&node.place, format!("`{name}` is a time, not `{text}`"))
                .hint("write `90s`, `15m` or `2h`")),
        }
    }

    fn choice<T: Copy>(&self, node: &Node, name: &str, options: &[(&str, T)]) -> Outcome<T> {
        let text = self.text(node, name)?;
        if let Some((_, value)) = options.iter().find(|(option, _)| *option == text) {
            return Ok(*value);
        }
        let known: Vec<_> = options.iter().map(|(option, _)| *option).collect();
        Err(self
            .wrong(&node.place, format!("`{name}` cannot be `{text}`"))
            .hint(format!("write one of {}", known.join(", "))))
    }

    fn wrong(&self, at: &At, message: impl Into<String>) -> Problem {
        Problem::new(ExitCode::Config, message).at(Place {
            file: self.file.clone(),
            text: self.text.to_owned(),
            line: at.line,
            column: at.column,
            chars: at.chars.clone(),
        })
    }
}

const NAME_HINT: &str = "use a lowercase letter, then at most 31 lowercase letters, digits and hyphens";

fn is_name(text: &str) -> bool {
    text.len() <= NAME_LEN_MAX
        && text.starts_with(|c: char| c.is_ascii_lowercase())
        && !text.ends_with('-')
        && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
}

/// The folder's name, bent into a name.
fn default_name(root: &Path) -> String {
    let folder = root.file_name().map(|name| name.to_string_lossy().to_lowercase()).unwrap_or_default();
    let bent: String =
        folder.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).take(NAME_LEN_MAX).collect();
    let bent = bent.trim_matches(|c: char| !c.is_ascii_alphabetic() && !c.is_ascii_digit());
    if is_name(bent) { bent.to_owned() } else { "app".to_owned() }
}

/// The known key nearest to a misspelt one, if any is near.
fn nearest<'k>(text: &str, known: &[&'k str]) -> Option<&'k str> {
    let near = known.iter().map(|key| (distance(text, key), *key)).min()?;
    // A swapped pair of letters is two changes.
    (near.0 <= (text.len() / 3).max(2)).then_some(near.1)
}

/// How many letters must change to make one word of the other (Levenshtein).
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.chars().enumerate() {
        let mut corner = row[0];
        row[0] = i + 1;
        for (j, to) in b.iter().enumerate() {
            let change = corner + usize::from(from != *to);
            corner = row[j + 1];
            row[j + 1] = change.min(row[j] + 1).min(corner + 1);
        }
    }
    row[b.len()]
}

/// A tree as JSON: plain scalars by YAML's core schema, quoted ones as text.
fn to_json(node: &Node) -> serde_json::Value {
    use serde_json::Value as Json;
    match &node.value {
        Value::Mapping(entries) => {
            Json::Object(entries.iter().map(|(key, node)| (key.text.clone(), to_json(node))).collect())
        }
        Value::Sequence(items) => Json::Array(items.iter().map(to_json).collect()),
        Value::Scalar { text, plain: false } => Json::String(text.clone()),
        Value::Scalar { text, .. } => match text.as_str() {
            "" | "~" | "null" => Json::Null,
            "true" => Json::Bool(true),
            "false" => Json::Bool(false),
            number => match number.parse::<serde_json::Number>() {
                Ok(number) => Json::Number(number),
                Err(_) => Json::String(text.clone()),
            },
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Outcome<Config> {
        parse(Path::new("/somewhere/My Shop"), text)
    }

    #[test]
    fn nothing_said_is_every_default() {
        let config = read("").unwrap();
        assert_eq!(config.app, "my-shop");
        assert_eq!(config.template, Path::new("template.yaml"));
        let policy = Policy { latency_tolerance: LATENCY_TOLERANCE, ..Policy::default() };
        assert_eq!(config.release.policy, policy);
        assert!(config.environments.is_empty() && config.load.is_none());
    }

    #[test]
    fn everything_said_is_read() {
        let config = read(
            r#"
app: shop
template: infra/app.yaml
environments:
  test:
    parameters: {Stage: test, Account: 012345678901}
  prod:
    endpoint: http://127.0.0.1:4566
    region: eu-central-1
checks:
  unit:
    - npm test
    - {name: python, run: python -m unittest, dir: cart, timeout: 2m}
  e2e: node e2e.mjs
release:
  strategy: evidence
  alpha: 1%
  margin: 0.05
  steps: [10, 50]
  dwell: 5s
  deadline: 10m
load:
  rate: 100
  requests:
    - path: /catalogue
      weight: 3
    - {method: post, path: /cart, body: {sku: "1", count: 2}, headers: {content-type: application/json}}
"#,
        )
        .unwrap();
        assert_eq!(config.app, "shop");
        // A leading zero must survive: account ids are texts.
        assert_eq!(config.environments["test"].parameters["Account"], "012345678901");
        assert_eq!(config.environments["prod"].region.as_deref(), Some("eu-central-1"));
        assert_eq!(config.checks.unit[1].timeout, Duration::from_secs(120));
        assert_eq!(config.checks.e2e[0].run, "node e2e.mjs");
        assert_eq!(config.release.policy.alpha, 0.01);
        assert_eq!(config.release.policy.plan.steps().len(), 2);
        assert_eq!(config.release.policy.plan.dwell_secs, 5);
        let load = config.load.unwrap();
        assert_eq!(load.requests[1].method, "POST");
        assert_eq!(load.requests[1].body.as_deref(), Some(r#"{"sku":"1","count":2}"#));
    }

    #[test]
    fn what_is_wrong_is_said_with_its_place_and_a_way_out() {
        let table = [
            ("apps: shop", "1:1: unknown key `apps` here", "did you mean `app`?"),
            ("release:\n  alpah: 1", "2:3: unknown key `alpah` in `release`", "did you mean `alpha`?"),
            ("release:\n  xyzzy: 1", "2:3: unknown key `xyzzy` in `release`", "known keys are strategy"),
            ("release: {alpha: 2}", "1:10: alpha is a risk between 0 and 0.5", ""),
            ("release: {steps: [10, 5]}", "1:18: the weights of an exposure plan rise", "rising percentages"),
            ("release: {deadline: soon}", "1:21: `release.deadline` is a time, not `soon`", "`90s`"),
            ("app: Shop!", "1:6: `Shop!` cannot be the app's name", "lowercase"),
            ("load: [{method: GET}]", "1:8: a request needs `path`", ""),
            ("app: [", "2:1: ", ""),
            ("app: a\napp: b", "2:1: `app` stands here twice", ""),
            ("checks: {unit: [{name: x}]}", "1:17: a check needs `run`", ""),
        ];
        for (text, message, hint) in table {
            let problem = read(text).expect_err(text);
            let said = problem.to_string();
            let said = said.trim_start_matches("/somewhere/My Shop/updraft.yaml:");
            assert!(said.starts_with(message), "{text:?}: {said}");
            assert!(problem.hints.join(" ").contains(hint), "{text:?}: {:?}", problem.hints);
            assert_eq!(problem.exit, ExitCode::Config);
        }
    }
}
