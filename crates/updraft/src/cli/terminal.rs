//! How progress looks: a moving line on a terminal, plain lines elsewhere, JSON when asked for.

use std::io::{IsTerminal as _, Write as _};
use std::sync::Mutex;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use updraft_delivery::{Event, Progress, Stage};
use updraft_judge::odds;

/// How long a line on the terminal may be.
const LINE_LEN_MAX: usize = 100;

/// Tells events to a person, or to a machine.
pub struct Terminal {
    form: Form,
    state: Mutex<State>,
}

enum Form {
    Json,
    Moving(ProgressBar),
    Plain,
}

#[derive(Default)]
struct State {
    weight: Option<f64>,
}

impl Terminal {
    /// For this process's standard output.
    pub fn new(json: bool) -> Self {
        let form = match (json, std::io::stderr().is_terminal() && std::io::stdout().is_terminal()) {
            (true, _) => Form::Json,
            (false, true) => Form::Moving(spinner()),
            (false, false) => Form::Plain,
        };
        Self { form, state: Mutex::default() }
    }

    /// Takes the moving line away.
    pub fn clear(&self) {
        if let Form::Moving(bar) = &self.form {
            bar.finish_and_clear();
        }
    }

    /// Prints a line for good.
    pub fn line(&self, line: &str) {
        match &self.form {
            Form::Moving(bar) => bar.suspend(|| print(line)),
            Form::Json => {}
            Form::Plain => print(line),
        }
    }

    fn moving(&self, text: &str) {
        if let Form::Moving(bar) = &self.form {
            let text: String = text.chars().take(LINE_LEN_MAX).collect();
            bar.set_message(text);
            bar.enable_steady_tick(Duration::from_millis(120));
        }
    }
}

fn spinner() -> ProgressBar {
    let bar = ProgressBar::new_spinner();
    // The template is a constant; without it the default style does as well.
    if let Ok(style) = ProgressStyle::with_template("{spinner} {msg}") {
        bar.set_style(style);
    }
    bar
}

fn print(line: &str) {
    // With standard output closed there is nobody left to tell.
    let _ = writeln!(std::io::stdout(), "{line}");
}

fn label(stage: Stage, environment: Option<&str>) -> String {
    let name = environment.map_or_else(|| stage.name().to_owned(), |env| format!("{} {env}", stage.name()));
    format!("{name:<22}")
}

/// A duration as a person reads it.
pub fn took(duration: Duration) -> String {
    match duration.as_secs_f64() {
        secs if secs < 1.0 => format!("{} ms", duration.as_millis()),
        secs if secs < 60.0 => format!("{secs:.1} s"),
        secs => format!("{} min {:02.0} s", (secs / 60.0) as u64, secs % 60.0),
    }
}

impl Progress for Terminal {
    fn event(&self, event: Event) {
        if let Form::Json = self.form {
            if let Ok(text) = serde_json::to_string(&event) {
                print(&text);
            }
            return;
        }
        match event {
            Event::Started { stage, environment } => self.moving(&label(stage, environment.as_deref())),
            Event::Note { stage, text } => {
                if matches!(stage, Stage::Release | Stage::Watch | Stage::Destroy) {
                    self.line(&format!("{:<22} {text}", ""));
                } else {
                    self.moving(&format!("{} {text}", label(stage, None)));
                }
            }
            Event::Output { stage, line } => self.moving(&format!("{} {line}", label(stage, None))),
            Event::Finished { stage, environment, summary, took: time } => {
                self.line(&format!("{} {summary} ({})", label(stage, environment.as_deref()), took(time)));
            }
            Event::Canary {
                weight,
                baseline_requests,
                baseline_errors,
                canary_requests,
                canary_errors,
                danger_log,
                safety_log,
            } => {
                let text = format!(
                    "canary at {:.0} %: {canary_errors} of {canary_requests} requests failed, old version \
                     {baseline_errors} of {baseline_requests}; danger {}, safety {}",
                    weight * 100.0,
                    odds(danger_log),
                    odds(safety_log),
                );
                // A poisoned lock still holds a weight; showing it twice is the worst that can come.
                let mut state = self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
                if state.weight.replace(weight) == Some(weight) {
                    self.moving(&text);
                } else {
                    self.line(&format!("{:<22} {text}", ""));
                }
            }
            Event::Log { function, at: _, line } => self.line(&format!("{function}  {line}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_at_a_glance() {
        for (millis, text) in [(4, "4 ms"), (1_540, "1.5 s"), (125_000, "2 min 05 s")] {
            assert_eq!(took(Duration::from_millis(millis)), text);
        }
    }
}
