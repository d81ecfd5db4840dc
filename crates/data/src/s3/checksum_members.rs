//! The checksum members that many of S3's shapes have, read and written in one place.

use updraft_api::Refusal;

use super::checksum::{Algorithm, Checksum};
use super::refusals;

/// What a request says of its body's checksum.
#[derive(Debug, Clone, Default)]
pub(crate) struct Claimed {
    /// The algorithm the client named.
    pub(crate) algorithm: Option<String>,
    /// The values it sent, by algorithm.
    pub(crate) values: Vec<(Algorithm, String)>,
    /// The MD5 digest it sent, base64.
    pub(crate) md5: Option<String>,
}

impl Claimed {
    /// The algorithm to take the checksum by. Without a word from the client S3 takes CRC64NVME
    /// ("Checking object integrity", Amazon S3 user guide).
    pub(crate) fn algorithm(&self) -> Result<Algorithm, Refusal> {
        if let Some((algorithm, _)) = self.values.first() {
            return Ok(*algorithm);
        }
        match self.algorithm.as_deref() {
            None => Ok(Algorithm::Crc64nvme),
            Some(name) => named(name),
        }
    }

    /// Whether what came is what the client said it would send.
    pub(crate) fn check(&self, md5: &[u8; 16], checksum: &Checksum) -> Result<(), Refusal> {
        use base64::Engine as _;
        if let Some(claimed) = &self.md5 {
            let digest = base64::engine::general_purpose::STANDARD
                .decode(claimed)
                .ok()
                .filter(|digest| digest.len() == md5.len())
                .ok_or_else(|| {
                    Refusal::new("InvalidDigest", 400, "The Content-MD5 you specified was invalid.")
                })?;
            if digest != md5 {
                return Err(refusals::bad_digest());
            }
        }
        let wrong = |(algorithm, value): &&(Algorithm, String)| {
            *algorithm == checksum.algorithm && *value != checksum.value
        };
        match self.values.iter().find(wrong) {
            Some((algorithm, _)) => Err(refusals::bad_checksum(algorithm.name())),
            None => Ok(()),
        }
    }
}

/// The algorithm of that name, or the refusal of it.
pub(crate) fn named(name: &str) -> Result<Algorithm, Refusal> {
    Algorithm::from_name(name).ok_or_else(|| refusals::not_implemented(&format!("checksum algorithm {name}")))
}

/// The values among a shape's checksum members; refuses algorithms we do not have.
macro_rules! values {
    ($shape:expr) => {{
        let shape = $shape;
        let newer = [
            ("SHA512", &shape.checksum_sha512),
            ("MD5", &shape.checksum_md5),
            ("XXHASH64", &shape.checksum_xxhash64),
            ("XXHASH3", &shape.checksum_xxhash3),
            ("XXHASH128", &shape.checksum_xxhash128),
        ];
        match newer.iter().find(|(_, value)| value.is_some()) {
            Some((name, _)) => {
                Err($crate::s3::refusals::not_implemented(&format!("checksum algorithm {name}")))
            }
            None => Ok([
                ($crate::s3::checksum::Algorithm::Crc32, &shape.checksum_crc32),
                ($crate::s3::checksum::Algorithm::Crc32c, &shape.checksum_crc32_c),
                ($crate::s3::checksum::Algorithm::Crc64nvme, &shape.checksum_crc64_nvme),
                ($crate::s3::checksum::Algorithm::Sha1, &shape.checksum_sha1),
                ($crate::s3::checksum::Algorithm::Sha256, &shape.checksum_sha256),
            ]
            .into_iter()
            .filter_map(|(algorithm, value)| value.clone().map(|value| (algorithm, value)))
            .collect::<Vec<_>>()),
        }
    }};
}
pub(crate) use values;

/// What a request with a body claims of it.
macro_rules! claimed {
    ($input:expr) => {{
        let input = $input;
        $crate::s3::checksum_members::values!(input).map(|values| $crate::s3::checksum_members::Claimed {
            algorithm: input.checksum_algorithm.as_ref().map(|name| name.as_str().to_owned()),
            values,
            md5: input.content_md5.clone(),
        })
    }};
}
pub(crate) use claimed;

/// Writes a checksum into the member of its algorithm.
macro_rules! fill {
    ($shape:expr, $checksum:expr) => {{
        let shape = $shape;
        let checksum: Option<&$crate::s3::checksum::Checksum> = $checksum;
        if let Some(checksum) = checksum {
            let member = match checksum.algorithm {
                $crate::s3::checksum::Algorithm::Crc32 => &mut shape.checksum_crc32,
                $crate::s3::checksum::Algorithm::Crc32c => &mut shape.checksum_crc32_c,
                $crate::s3::checksum::Algorithm::Crc64nvme => &mut shape.checksum_crc64_nvme,
                $crate::s3::checksum::Algorithm::Sha1 => &mut shape.checksum_sha1,
                $crate::s3::checksum::Algorithm::Sha256 => &mut shape.checksum_sha256,
            };
            *member = Some(checksum.value.clone());
        }
    }};
}
pub(crate) use fill;
