//! Session tokens: what is known of a session, sealed so that only this engine can write it.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::{aead, hmac};
use serde::{Deserialize, Serialize};
use updraft_kernel::{Caller, Ids};
use updraft_types::Timestamp;

use super::EngineKey;

/// The token's format: a version byte, a nonce, the sealed claims with their tag.
const TOKEN_VERSION: u8 = 1;
/// How many characters a secret access key has.
const SECRET_CHARS: usize = 40;

/// What a token says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Claims {
    pub caller: Caller,
    pub expires: Timestamp,
}

/// The secret that belongs to an access key. It is derived, so that nothing need be kept.
pub(super) fn secret(key: &EngineKey, access_key_id: &str) -> String {
    let mut secret = STANDARD.encode(hmac::sign(&key.secrets, access_key_id.as_bytes()));
    secret.truncate(SECRET_CHARS);
    secret
}

/// Seals claims into a token that goes with one access key.
pub(super) fn seal(key: &EngineKey, ids: &dyn Ids, access_key_id: &str, claims: &Claims) -> Option<String> {
    let mut nonce = [0; aead::NONCE_LEN];
    ids.fill(&mut nonce);
    let mut sealed = serde_json::to_vec(claims).ok()?;
    let aad = aead::Aad::from(access_key_id.as_bytes());
    let unique = aead::Nonce::assume_unique_for_key(nonce);
    key.seal.seal_in_place_append_tag(unique, aad, &mut sealed).ok()?;
    Some(STANDARD.encode([&[TOKEN_VERSION][..], &nonce, &sealed].concat()))
}

/// Opens a token; none if this engine did not seal it for this access key.
pub(super) fn open(key: &EngineKey, access_key_id: &str, token: &str) -> Option<Claims> {
    let bytes = STANDARD.decode(token).ok()?;
    let (version, rest) = bytes.split_first()?;
    let (nonce, sealed) = rest.split_at_checked(aead::NONCE_LEN)?;
    if *version != TOKEN_VERSION {
        return None;
    }
    let nonce = aead::Nonce::try_assume_unique_for_key(nonce).ok()?;
    let aad = aead::Aad::from(access_key_id.as_bytes());
    let mut sealed = sealed.to_vec();
    let claims = key.seal.open_in_place(nonce, aad, &mut sealed).ok()?;
    serde_json::from_slice(claims).ok()
}
