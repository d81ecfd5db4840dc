//! A Lambda function that computes what a basket costs. The sums stand in `basket`, the talk with
//! Lambda in `runtime`.

mod basket;
mod runtime;

use basket::{Basket, Tariff};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let tariff = Tariff::from_env()?;
    runtime::serve(|basket: Basket| basket.bill(&tariff))
}
