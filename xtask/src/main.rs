//! Development tasks: `cargo xtask codegen|arrows|bench`.

mod arrows;
mod bench;
mod codegen;

use anyhow::{Result, bail};

const USAGE: &str = "usage: cargo xtask <task>
  codegen [--check]   write crates/api/src/services from AWS's models (--check: fail when not current)
  arrows              compare the crates' dependencies with arrows.toml
  bench [NAME]        measure, and print the figures as ratios";

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        ["codegen"] => codegen::run(false),
        ["codegen", "--check"] => codegen::run(true),
        ["arrows"] => arrows::run(),
        ["bench"] => bench::run(None),
        ["bench", name] => bench::run(Some(name)),
        _ => bail!("{USAGE}"),
    }
}
