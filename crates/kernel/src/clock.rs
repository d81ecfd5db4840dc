//! Time and chance: the only places where a handler may get either.

use futures::future::BoxFuture;
use updraft_types::Timestamp;

/// The time, and waiting for it. Tests run on a virtual one.
pub trait Clock: Send + Sync + 'static {
    /// The present.
    fn now(&self) -> Timestamp;

    /// Resolves when the clock shows `at` or later.
    fn sleep_until(&self, at: Timestamp) -> BoxFuture<'static, ()>;
}

/// Ids and random bytes. Tests seed it.
pub trait Ids: Send + Sync + 'static {
    /// Fills `out` with bytes nobody can guess.
    fn fill(&self, out: &mut [u8]);

    /// A version 4 UUID in its usual form.
    fn uuid(&self) -> String {
        let mut bytes = [0; 16];
        self.fill(&mut bytes);
        uuid::Builder::from_random_bytes(bytes).into_uuid().to_string()
    }

    /// `length` characters drawn from `alphabet` (2 to 256 ASCII characters).
    fn text(&self, alphabet: &str, length: usize) -> String {
        let letters = alphabet.as_bytes();
        // Bytes past the last whole multiple are drawn again, so that every letter is as likely.
        let fair = 256 - 256 % letters.len();
        let mut text = String::with_capacity(length);
        let mut bytes = [0; 32];
        while text.len() < length {
            self.fill(&mut bytes);
            let drawn = bytes.iter().map(|b| usize::from(*b)).filter(|b| *b < fair);
            text.extend(drawn.take(length - text.len()).map(|b| char::from(letters[b % letters.len()])));
        }
        text
    }

    /// `length` lower-case hexadecimal digits.
    fn hex(&self, length: usize) -> String {
        self.text("0123456789abcdef", length)
    }

    /// `length` upper-case letters and digits, as in the ids of IAM and CloudFormation.
    fn upper_alnum(&self, length: usize) -> String {
        self.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", length)
    }

    /// `length` lower-case letters and digits, as in the ids of API Gateway.
    fn lower_alnum(&self, length: usize) -> String {
        self.text("abcdefghijklmnopqrstuvwxyz0123456789", length)
    }

    /// A number below one, evenly spread: what a weighted alias draws.
    fn fraction(&self) -> f64 {
        let mut bytes = [0; 8];
        self.fill(&mut bytes);
        (u64::from_le_bytes(bytes) >> 11) as f64 / (1_u64 << 53) as f64
    }
}
