//! Chance and the time of day, lent to the languages that have functions for them.

/// What `$random`, `$uuid` and `$now` (and their kin in payload templates) draw on. The ground floor
/// has neither clock nor chance of its own: whoever evaluates lends them, so that a test or a replay
/// gets the same answer again.
pub trait Entropy {
    /// The next number, each bit as likely as not.
    fn next_u64(&mut self) -> u64;

    /// The time, in milliseconds since 1970. It may stand still during one evaluation.
    fn now_millis(&self) -> i64;
}

/// A number in `0.0 .. 1.0`.
pub(crate) fn fraction(entropy: &mut dyn Entropy) -> f64 {
    /// A double holds this many bits exactly.
    const BITS: u32 = f64::MANTISSA_DIGITS;
    (entropy.next_u64() >> (u64::BITS - BITS)) as f64 / (1_u64 << BITS) as f64
}

/// A version 4 UUID, as text.
pub(crate) fn uuid(entropy: &mut dyn Entropy) -> String {
    let (high, low) = (entropy.next_u64(), entropy.next_u64());
    // RFC 9562 §5.4: four bits of version, two of variant.
    let high = (high & !0xf000) | 0x4000;
    let low = (low & !(0b11 << 62)) | (0b10 << 62);
    format!(
        "{:08x}-{:04x}-{:04x}-{:04x}-{:012x}",
        high >> 32,
        (high >> 16) & 0xffff,
        high & 0xffff,
        low >> 48,
        low & 0xffff_ffff_ffff
    )
}

/// Numbers from a seed (SplitMix64): the same seed, the same numbers.
#[derive(Debug, Clone)]
pub struct Seeded {
    state: u64,
    now_millis: i64,
}

impl Seeded {
    /// The sequence of this seed, at this time.
    pub const fn new(seed: u64, now_millis: i64) -> Self {
        Self { state: seed, now_millis }
    }
}

impl Entropy for Seeded {
    fn next_u64(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.state ^ (self.state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn now_millis(&self) -> i64 {
        self.now_millis
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_gives_the_same_numbers_again_and_another_seed_others() {
        let draw = |seed| Seeded::new(seed, 0).next_u64();
        assert_eq!(draw(7), draw(7));
        assert_ne!(draw(7), draw(8));
    }

    #[test]
    fn a_uuid_says_its_version_and_variant() {
        for seed in 0..100 {
            let text = uuid(&mut Seeded::new(seed, 0));
            assert_eq!(text.len(), 36, "{text}");
            assert_eq!(&text[14..15], "4", "{text}");
            assert!("89ab".contains(&text[19..20]), "{text}");
        }
    }

    #[test]
    fn a_fraction_is_below_one() {
        struct Ones;
        impl Entropy for Ones {
            fn next_u64(&mut self) -> u64 {
                u64::MAX
            }
            fn now_millis(&self) -> i64 {
                0
            }
        }
        let all_ones = fraction(&mut Ones);
        assert!(all_ones > 0.999 && all_ones < 1.0, "{all_ones}");
    }
}
