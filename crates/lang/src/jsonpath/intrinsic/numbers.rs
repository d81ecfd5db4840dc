//! The functions on numbers.

use serde_json::Value;

use super::arguments::{expected, integer};
use crate::{Entropy, Seeded};

/// What `States.MathAdd` takes and gives: `-2147483648` to `2147483647` (`intrinsic-functions.html`).
const INTEGERS: std::ops::RangeInclusive<i64> = i32::MIN as i64..=i32::MAX as i64;

pub(super) fn add(values: &[Value]) -> Result<Value, String> {
    let sum = bounded(values, 0)? + bounded(values, 1)?;
    if INTEGERS.contains(&sum) { Ok(sum.into()) } else { Err(format!("The sum {sum} is out of range")) }
}

fn bounded(values: &[Value], index: usize) -> Result<i64, String> {
    let number = integer(values, index)?;
    let fits = INTEGERS.contains(&number);
    if fits { Ok(number) } else { Err(expected(values, index, "an integer of 32 bits")) }
}

/// A number from the first, which may come, up to the second, which may not. A seed makes it the
/// same each time; which number a seed stands for on AWS is not documented.
pub(super) fn random(values: &[Value], entropy: &mut dyn Entropy) -> Result<Value, String> {
    let (start, end) = (integer(values, 0)?, integer(values, 1)?);
    let width = end.checked_sub(start).and_then(|width| u64::try_from(width).ok()).filter(|width| *width > 0);
    let width =
        width.ok_or_else(|| format!("The end number {end} must be greater than the start number {start}"))?;
    let drawn = match values.len() {
        3 => draw(&mut Seeded::new(integer(values, 2)?.cast_unsigned(), 0), width),
        _ => draw(entropy, width),
    };
    Ok(start.saturating_add_unsigned(drawn).into())
}

/// A number below `width`, each as likely.
fn draw(entropy: &mut dyn Entropy, width: u64) -> u64 {
    // The upper half of the product is even enough: the error is below width / 2^64.
    ((u128::from(entropy.next_u64()) * u128::from(width)) >> 64) as u64
}
