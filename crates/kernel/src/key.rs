//! Keys whose bytes sort as their values do.

use updraft_types::{AccountId, Region, Scope, Timestamp};

/// A value that can stand in a table's key: its bytes sort as the values do, and no encoded value
/// is a prefix of another, so tuples concatenate.
pub trait Key: Sized {
    /// Appends the value's bytes.
    fn encode(&self, out: &mut Vec<u8>);

    /// Takes the value off the front of `input`.
    fn decode(input: &mut &[u8]) -> Result<Self, KeyError>;
}

/// A key in the store is not what its table expects.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("malformed key")]
pub struct KeyError;

fn take<'a>(input: &mut &'a [u8], length: usize) -> Result<&'a [u8], KeyError> {
    let (head, tail) = input.split_at_checked(length).ok_or(KeyError)?;
    *input = tail;
    Ok(head)
}

impl Key for Vec<u8> {
    /// A zero byte is written `00 ff`, the end `00 01`, so that shorter sorts first.
    fn encode(&self, out: &mut Vec<u8>) {
        encode_bytes(self, out);
    }

    fn decode(input: &mut &[u8]) -> Result<Self, KeyError> {
        let mut bytes = Vec::new();
        loop {
            match take(input, 1)?[0] {
                0 => match take(input, 1)?[0] {
                    0xff => bytes.push(0),
                    0x01 => return Ok(bytes),
                    _ => return Err(KeyError),
                },
                byte => bytes.push(byte),
            }
        }
    }
}

/// What ends a text or a byte string in a key.
pub(crate) const TEXT_END: [u8; 2] = [0, 1];

fn encode_bytes(bytes: &[u8], out: &mut Vec<u8>) {
    for byte in bytes {
        out.push(*byte);
        if *byte == 0 {
            out.push(0xff);
        }
    }
    out.extend_from_slice(&TEXT_END);
}

impl Key for String {
    fn encode(&self, out: &mut Vec<u8>) {
        encode_bytes(self.as_bytes(), out);
    }

    fn decode(input: &mut &[u8]) -> Result<Self, KeyError> {
        Self::from_utf8(Vec::decode(input)?).map_err(|_| KeyError)
    }
}

macro_rules! big_endian {
    ($($number:ty),*) => {$(
        impl Key for $number {
            fn encode(&self, out: &mut Vec<u8>) {
                out.extend_from_slice(&self.to_be_bytes());
            }

            fn decode(input: &mut &[u8]) -> Result<Self, KeyError> {
                let bytes = take(input, size_of::<Self>())?;
                Ok(Self::from_be_bytes(bytes.try_into().map_err(|_| KeyError)?))
            }
        }
    )*};
}

big_endian!(u8, u32, u64);

impl Key for i64 {
    fn encode(&self, out: &mut Vec<u8>) {
        // Flipping the sign bit makes negative numbers sort before positive ones.
        (self.cast_unsigned() ^ (1 << 63)).encode(out);
    }

    fn decode(input: &mut &[u8]) -> Result<Self, KeyError> {
        Ok((u64::decode(input)? ^ (1 << 63)).cast_signed())
    }
}

impl Key for Timestamp {
    fn encode(&self, out: &mut Vec<u8>) {
        self.millis().encode(out);
    }

    fn decode(input: &mut &[u8]) -> Result<Self, KeyError> {
        i64::decode(input).map(Self::from_millis)
    }
}

impl Key for AccountId {
    fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self.as_str().as_bytes());
    }

    fn decode(input: &mut &[u8]) -> Result<Self, KeyError> {
        let text = std::str::from_utf8(take(input, 12)?).map_err(|_| KeyError)?;
        text.parse().map_err(|_| KeyError)
    }
}

impl Key for Region {
    fn encode(&self, out: &mut Vec<u8>) {
        encode_bytes(self.as_str().as_bytes(), out);
    }

    fn decode(input: &mut &[u8]) -> Result<Self, KeyError> {
        String::decode(input)?.parse().map_err(|_| KeyError)
    }
}

impl Key for Scope {
    fn encode(&self, out: &mut Vec<u8>) {
        self.account.encode(out);
        self.region.encode(out);
    }

    fn decode(input: &mut &[u8]) -> Result<Self, KeyError> {
        Ok(Self::new(AccountId::decode(input)?, Region::decode(input)?))
    }
}

impl Key for crate::BlobId {
    fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.0);
    }

    fn decode(input: &mut &[u8]) -> Result<Self, KeyError> {
        Ok(Self(take(input, 32)?.try_into().map_err(|_| KeyError)?))
    }
}

impl Key for () {
    fn encode(&self, _out: &mut Vec<u8>) {}

    fn decode(_input: &mut &[u8]) -> Result<Self, KeyError> {
        Ok(())
    }
}

macro_rules! tuples {
    ($(($($part:ident $index:tt),+);)*) => {$(
        impl<$($part: Key),+> Key for ($($part,)+) {
            fn encode(&self, out: &mut Vec<u8>) {
                $(self.$index.encode(out);)+
            }

            fn decode(input: &mut &[u8]) -> Result<Self, KeyError> {
                Ok(($($part::decode(input)?,)+))
            }
        }
    )*};
}

tuples! {
    (A 0);
    (A 0, B 1);
    (A 0, B 1, C 2);
    (A 0, B 1, C 2, D 3);
    (A 0, B 1, C 2, D 3, E 4);
    (A 0, B 1, C 2, D 3, E 4, F 5);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn bytes(key: &impl Key) -> Vec<u8> {
        let mut out = Vec::new();
        key.encode(&mut out);
        out
    }

    proptest! {
        #[test]
        fn bytes_sort_as_values_and_read_back(
            a in any::<(String, i64, Vec<u8>)>(),
            b in any::<(String, i64, Vec<u8>)>(),
        ) {
            prop_assert_eq!(bytes(&a).cmp(&bytes(&b)), a.cmp(&b));
            prop_assert_eq!(<(String, i64, Vec<u8>)>::decode(&mut &bytes(&a)[..]), Ok(a));
        }
    }

    #[test]
    fn a_cut_key_is_refused() {
        let whole = bytes(&("name".to_owned(), 7_u64));
        for length in 0..whole.len() {
            assert!(<(String, u64)>::decode(&mut &whole[..length]).is_err(), "{length}");
        }
    }
}
