//! Telling a problem: with its line in the file where it has one, and what to do next.

use std::io::Write as _;

use ariadne::{CharSet, Color, Config, Label, Report, ReportKind, Source};
use updraft_delivery::{Place, Problem};

/// Tells it on standard error, or as one JSON object.
pub fn tell(problem: &Problem, json: bool) -> std::io::Result<()> {
    let mut text = Vec::new();
    if json {
        serde_json::to_writer(&mut text, &as_json(problem))?;
        text.push(b'\n');
    } else {
        write_text(problem, &mut text)?;
    }
    std::io::stderr().write_all(&text)
}

fn write_text(problem: &Problem, text: &mut Vec<u8>) -> std::io::Result<()> {
    match &problem.place {
        Some(place) => write_place(problem, place, text)?,
        None => writeln!(text, "error: {}", problem.message)?,
    }
    let mut cause = problem.source.as_deref().map(|source| source as &dyn std::error::Error);
    while let Some(error) = cause {
        for line in error.to_string().lines() {
            writeln!(text, "  | {line}")?;
        }
        cause = error.source();
    }
    for hint in problem.hints.iter().filter(|_| problem.place.is_none()) {
        writeln!(text, "hint: {hint}")?;
    }
    Ok(())
}

fn write_place(problem: &Problem, place: &Place, text: &mut Vec<u8>) -> std::io::Result<()> {
    let file = place.file.display().to_string();
    let config = Config::default().with_char_set(CharSet::Ascii).with_color(is_terminal());
    // A file that has shrunk since it was read must not stop the message.
    let length = place.text.chars().count();
    let span = place.chars.start.min(length)..place.chars.end.min(length);
    let mut report = Report::build(ReportKind::Error, (file.as_str(), span.clone()))
        .with_config(config)
        .with_message(format!("{}:{}:{}: {}", file, place.line, place.column, problem.message))
        .with_label(Label::new((file.as_str(), span)).with_message("here").with_color(Color::Red));
    for hint in &problem.hints {
        report = report.with_help(hint);
    }
    report.finish().write((file.as_str(), Source::from(place.text.as_str())), text)
}

fn is_terminal() -> bool {
    use std::io::IsTerminal as _;
    std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none()
}

fn as_json(problem: &Problem) -> serde_json::Value {
    let place = problem
        .place
        .as_ref()
        .map(|place| serde_json::json!({"file": place.file, "line": place.line, "column": place.column}));
    serde_json::json!({
        "error": problem.message,
        "exit": problem.exit,
        "exit_code": problem.exit as u8,
        "place": place,
        "hints": problem.hints,
        "cause": problem.source.as_ref().map(ToString::to_string),
    })
}

#[cfg(test)]
mod tests {
    use updraft_delivery::ExitCode;

    use super::*;

    #[test]
    fn a_place_shows_its_line_and_the_hint() {
        let text = "app: shop\nrelease:\n  alpah: 1\n";
        let problem = Problem::new(ExitCode::Config, "unknown key `alpah` in `release`")
            .at(Place { file: "updraft.yaml".into(), text: text.into(), line: 3, column: 3, chars: 21..26 })
            .hint("did you mean `alpha`?");
        let mut told = Vec::new();
        write_text(&problem, &mut told).unwrap();
        let told = String::from_utf8(told).unwrap();
        for part in ["updraft.yaml:3:3: unknown key", "  alpah: 1", "did you mean `alpha`?"] {
            assert!(told.contains(part), "{told}");
        }
    }

    #[test]
    fn json_carries_the_code() {
        let told = as_json(&Problem::new(ExitCode::RolledBack, "x").because("why"));
        assert_eq!(told["exit_code"], 7);
        assert_eq!(told["exit"], "rolled_back");
        assert_eq!(told["cause"], "why");
    }
}
