//! DynamoDB's decimal numbers: 38 significant digits, exact, with an encoding that sorts.

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

/// The most significant digits a number holds ("Numbers can have up to 38 digits of precision",
/// DynamoDB Developer Guide, Supported data types).
const DIGITS_MAX: u32 = 38;
/// The exponent of the largest magnitude, 9.99…E+125.
const EXPONENT_MAX: i32 = 125;
/// The exponent of the smallest magnitude, 1E-130.
const EXPONENT_MIN: i32 = -130;

/// An exact decimal number within DynamoDB's range.
///
/// Trailing zeros are gone, so equal numbers have equal parts.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Number {
    negative: bool,
    coefficient: u128,
    /// The power of ten of the coefficient's last digit.
    exponent: i16,
}

/// Why a text or a sum is no number here, in AWS's words.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NumberError {
    /// Nothing where a number should be.
    #[error("The parameter cannot be converted to a numeric value")]
    Empty,
    /// Not a decimal number.
    #[error("The parameter cannot be converted to a numeric value: {0}")]
    Malformed(String),
    /// Beyond 9.99…E+125.
    #[error("Number overflow. Attempting to store a number with magnitude larger than supported range")]
    Overflow,
    /// Below 1E-130.
    #[error("Number underflow. Attempting to store a number with magnitude smaller than supported range")]
    Underflow,
    /// More than 38 digits.
    #[error("Attempting to store more than 38 significant digits in a Number")]
    Precision,
}

impl Number {
    /// Zero.
    pub const ZERO: Self = Self { negative: false, coefficient: 0, exponent: 0 };

    fn new(negative: bool, mut coefficient: u128, mut exponent: i32) -> Result<Self, NumberError> {
        if coefficient == 0 {
            return Ok(Self::ZERO);
        }
        while coefficient.is_multiple_of(10) {
            coefficient /= 10;
            exponent += 1;
        }
        let magnitude = exponent + digits(coefficient) as i32 - 1;
        if magnitude > EXPONENT_MAX {
            return Err(NumberError::Overflow);
        }
        if magnitude < EXPONENT_MIN {
            return Err(NumberError::Underflow);
        }
        if digits(coefficient) > DIGITS_MAX {
            return Err(NumberError::Precision);
        }
        Ok(Self { negative, coefficient, exponent: exponent as i16 })
    }

    /// The number of significant digits; zero has none.
    #[must_use]
    pub fn significant_digits(&self) -> u32 {
        digits(self.coefficient)
    }

    /// Whether the number is below zero.
    #[must_use]
    pub fn is_negative(&self) -> bool {
        self.negative
    }

    /// The exact sum, where 38 digits hold it.
    pub fn plus(self, other: Self) -> Result<Self, NumberError> {
        if self.coefficient == 0 {
            return Ok(other);
        }
        if other.coefficient == 0 {
            return Ok(self);
        }
        let (high, low) = if self.exponent >= other.exponent { (self, other) } else { (other, self) };
        // What does not fit in 128 bits has 39 digits or more, the last of them not zero.
        let shift = u32::from(high.exponent.abs_diff(low.exponent));
        let raised = 10_u128.checked_pow(shift).and_then(|p| high.coefficient.checked_mul(p));
        let raised = raised.ok_or(NumberError::Precision)?;
        let (negative, coefficient) = if high.negative == low.negative {
            (high.negative, raised.checked_add(low.coefficient).ok_or(NumberError::Precision)?)
        } else if raised >= low.coefficient {
            (high.negative, raised - low.coefficient)
        } else {
            (low.negative, low.coefficient - raised)
        };
        Self::new(negative, coefficient, i32::from(low.exponent))
    }

    /// The exact difference, where 38 digits hold it.
    pub fn minus(self, other: Self) -> Result<Self, NumberError> {
        let negated = Self { negative: !other.negative && other.coefficient != 0, ..other };
        self.plus(negated)
    }

    /// The exponent of the number in scientific notation.
    fn magnitude(&self) -> i32 {
        i32::from(self.exponent) + digits(self.coefficient) as i32 - 1
    }

    /// Appends bytes that sort as numbers do, none a prefix of another.
    ///
    /// A sign byte, the magnitude in one byte, two digits to a byte (1 to 100), a closing zero; all
    /// but the sign complemented below zero.
    pub fn encode(&self, out: &mut Vec<u8>) {
        if self.coefficient == 0 {
            out.push(SIGN_ZERO);
            return;
        }
        out.push(if self.negative { SIGN_NEGATIVE } else { SIGN_POSITIVE });
        let start = out.len();
        out.push((self.magnitude() - EXPONENT_MIN) as u8);
        let text = self.coefficient.to_string();
        for pair in text.as_bytes().chunks(2) {
            let tens = (pair[0] - b'0') * 10;
            out.push(tens + pair.get(1).map_or(0, |d| d - b'0') + 1);
        }
        out.push(0);
        if self.negative {
            out[start..].iter_mut().for_each(|b| *b = !*b);
        }
    }

    /// Takes an encoded number off the front of `input`.
    #[must_use]
    pub fn decode(input: &mut &[u8]) -> Option<Self> {
        let (sign, rest) = input.split_first()?;
        if *sign == SIGN_ZERO {
            *input = rest;
            return Some(Self::ZERO);
        }
        let flip = match *sign {
            SIGN_NEGATIVE => 0xff,
            SIGN_POSITIVE => 0,
            _ => return None,
        };
        let (magnitude, mut rest) = rest.split_first()?;
        let magnitude = i32::from(magnitude ^ flip) + EXPONENT_MIN;
        let (mut coefficient, mut count) = (0_u128, 0);
        loop {
            let (byte, tail) = rest.split_first()?;
            rest = tail;
            match byte ^ flip {
                0 => break,
                pair @ 1..=100 if count < DIGITS_MAX => {
                    coefficient = coefficient * 100 + u128::from(pair - 1);
                    count += 2;
                }
                _ => return None,
            }
        }
        *input = rest;
        Self::new(flip != 0, coefficient, magnitude - count as i32 + 1).ok()
    }
}

const SIGN_NEGATIVE: u8 = 1;
const SIGN_ZERO: u8 = 2;
const SIGN_POSITIVE: u8 = 3;

fn digits(coefficient: u128) -> u32 {
    coefficient.checked_ilog10().map_or(0, |log| log + 1)
}

impl FromStr for Number {
    type Err = NumberError;

    fn from_str(text: &str) -> Result<Self, NumberError> {
        if text.is_empty() {
            return Err(NumberError::Empty);
        }
        let malformed = || NumberError::Malformed(text.to_owned());
        let (negative, unsigned) = match text.as_bytes()[0] {
            b'-' => (true, &text[1..]),
            b'+' => (false, &text[1..]),
            _ => (false, text),
        };
        let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, read_exponent(exponent).ok_or_else(malformed)?),
            None => (unsigned, 0),
        };
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let plain = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
        if !plain(whole) || !plain(fraction) || whole.len() + fraction.len() == 0 {
            return Err(malformed());
        }
        let all = format!("{whole}{fraction}");
        let without_tail = all.trim_end_matches('0');
        let dropped = (all.len() - without_tail.len()) as i32;
        let significant = without_tail.trim_start_matches('0');
        if significant.is_empty() {
            return Ok(Self::ZERO);
        }
        let exponent = exponent.saturating_sub(fraction.len() as i32).saturating_add(dropped);
        if significant.len() > DIGITS_MAX as usize {
            return Err(out_of_range(exponent.saturating_add(significant.len() as i32 - 1)));
        }
        let coefficient = significant.parse().map_err(|_| malformed())?;
        Self::new(negative, coefficient, exponent)
    }
}

/// What is wrong with a number of too many digits: AWS looks at the magnitude first.
fn out_of_range(magnitude: i32) -> NumberError {
    match magnitude {
        m if m > EXPONENT_MAX => NumberError::Overflow,
        m if m < EXPONENT_MIN => NumberError::Underflow,
        _ => NumberError::Precision,
    }
}

/// Reads an exponent; one too large for any number is clamped, so that the range check refuses it.
fn read_exponent(text: &str) -> Option<i32> {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    if unsigned.is_empty() || !unsigned.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let clamped = unsigned.parse::<i32>().unwrap_or(i32::MAX).min(EXPONENT_CLAMP);
    Some(if text.starts_with('-') { -clamped } else { clamped })
}

const EXPONENT_CLAMP: i32 = 1_000_000;

impl Ord for Number {
    fn cmp(&self, other: &Self) -> Ordering {
        let sign = |n: &Self| match (n.coefficient, n.negative) {
            (0, _) => 0,
            (_, true) => -1,
            (_, false) => 1,
        };
        sign(self).cmp(&sign(other)).then_with(|| {
            let larger = self.magnitude().cmp(&other.magnitude()).then_with(|| {
                // Of equal magnitude, so the aligned coefficients have equal lengths, 38 at most.
                let width = digits(self.coefficient).max(digits(other.coefficient));
                let align = |n: &Self| n.coefficient * 10_u128.pow(width - digits(n.coefficient));
                align(self).cmp(&align(other))
            });
            if self.negative { larger.reverse() } else { larger }
        })
    }
}

impl PartialOrd for Number {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for Number {
    /// Without an exponent, as DynamoDB answers.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.negative {
            f.write_str("-")?;
        }
        let text = self.coefficient.to_string();
        if self.exponent >= 0 {
            let zeros = usize::try_from(self.exponent).unwrap_or(0);
            return write!(f, "{text}{}", "0".repeat(zeros));
        }
        let fraction = usize::from(self.exponent.unsigned_abs());
        match text.len().checked_sub(fraction) {
            Some(whole) if whole > 0 => write!(f, "{}.{}", &text[..whole], &text[whole..]),
            _ => write!(f, "0.{}{text}", "0".repeat(fraction - text.len())),
        }
    }
}

impl fmt::Debug for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl From<u64> for Number {
    fn from(value: u64) -> Self {
        Self::new(false, u128::from(value), 0).expect("twenty digits are within range")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn n(text: &str) -> Number {
        text.parse().unwrap()
    }

    #[test]
    fn texts_are_read_and_written_without_exponent() {
        for (text, written) in [
            ("0", "0"),
            ("-0", "0"),
            ("0e999999999999", "0"),
            ("007.50", "7.5"),
            ("+1", "1"),
            (".5", "0.5"),
            ("5.", "5"),
            ("-12.34e1", "-123.4"),
            ("1E3", "1000"),
            ("1e-3", "0.001"),
            ("12345678901234567890123456789012345678", "12345678901234567890123456789012345678"),
        ] {
            assert_eq!(n(text).to_string(), written, "{text}");
        }
    }

    #[test]
    fn what_is_out_of_range_is_refused_in_awss_words() {
        let nines = "9".repeat(38);
        assert!(format!("{nines}e89").parse::<Number>().is_err());
        assert!(format!("{nines}e88").parse::<Number>().is_ok());
        for (text, error) in [
            ("", NumberError::Empty),
            ("b", NumberError::Malformed("b".into())),
            ("1e", NumberError::Malformed("1e".into())),
            (".", NumberError::Malformed(".".into())),
            ("1 ", NumberError::Malformed("1 ".into())),
            ("0x1", NumberError::Malformed("0x1".into())),
            ("1e126", NumberError::Overflow),
            ("-1e126", NumberError::Overflow),
            ("1e-131", NumberError::Underflow),
            ("123456789012345678901234567890123456789", NumberError::Precision),
        ] {
            assert_eq!(text.parse::<Number>(), Err(error), "{text}");
        }
        assert!("1e125".parse::<Number>().is_ok() && "1e-130".parse::<Number>().is_ok());
    }

    #[test]
    fn sums_are_exact_or_refused() {
        for (a, b, sum) in [
            ("0.1", "0.2", "0.3"),
            ("1", "-1", "0"),
            ("100000000000000000000000000000000000000", "-1", "99999999999999999999999999999999999999"),
            ("1e-130", "1e-130", "2e-130"),
            ("5", "0", "5"),
            ("0", "-5", "-5"),
            ("3", "-10", "-7"),
        ] {
            assert_eq!(n(a).plus(n(b)), Ok(n(sum)), "{a} + {b}");
        }
        assert_eq!(n("1e50").plus(n("1")), Err(NumberError::Precision));
        assert_eq!(n("9e125").plus(n("1e125")), Err(NumberError::Overflow));
        assert_eq!(n("5").minus(n("5")), Ok(Number::ZERO));
        assert_eq!(n("0").minus(n("5")), Ok(n("-5")));
    }

    fn any_number() -> impl Strategy<Value = Number> {
        (any::<bool>(), 0_u128..10_u128.pow(38), -130..88_i32).prop_map(
            |(negative, coefficient, exponent)| Number::new(negative, coefficient, exponent).unwrap(),
        )
    }

    proptest! {
        #[test]
        fn text_and_bytes_read_back(number in any_number()) {
            prop_assert_eq!(number.to_string().parse::<Number>(), Ok(number));
            let mut bytes = Vec::new();
            number.encode(&mut bytes);
            let mut input = &bytes[..];
            prop_assert_eq!(Number::decode(&mut input), Some(number));
            prop_assert!(input.is_empty());
        }

        #[test]
        fn bytes_sort_as_numbers_do(a in any_number(), b in any_number()) {
            let (mut x, mut y) = (Vec::new(), Vec::new());
            a.encode(&mut x);
            b.encode(&mut y);
            prop_assert_eq!(x.cmp(&y), a.cmp(&b));
            if a != b {
                prop_assert!(!x.starts_with(&y) && !y.starts_with(&x));
            }
        }

        #[test]
        fn small_numbers_compare_and_add_as_integers(a in -10_000_i64..10_000, b in -10_000_i64..10_000) {
            prop_assert_eq!(n(&a.to_string()).cmp(&n(&b.to_string())), a.cmp(&b));
            prop_assert_eq!(n(&a.to_string()).plus(n(&b.to_string())), Ok(n(&(a + b).to_string())));
        }
    }
}
