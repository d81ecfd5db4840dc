//! The engine's key: what sessions are sealed with, kept in the store.

use ring::{aead, hmac};
use tokio::sync::oneshot;
use updraft_kernel::{Fault, Ids, Store, Table, TxOutcome};

/// The one key, under its version.
const KEYS: Table<u64, Vec<u8>> = Table::new("sts.engine_key");
const KEY_BYTES: usize = 32;
const KEY_VERSION: u64 = 1;

/// The key, and those derived from it for each use.
pub struct EngineKey {
    pub(super) seal: aead::LessSafeKey,
    pub(super) secrets: hmac::Key,
}

impl EngineKey {
    /// The key of a store; the first time, one is made and written.
    pub async fn open(store: &dyn Store, ids: &dyn Ids) -> Result<Self, Fault> {
        if let Some(bytes) = KEYS.get(&*store.snapshot(), &KEY_VERSION)? {
            return Ok(Self::derive(&bytes));
        }
        let mut made = vec![0; KEY_BYTES];
        ids.fill(&mut made);
        let (send, receive) = oneshot::channel();
        let bytes = made.clone();
        store.submit(Box::new(move |tx| {
            // Whoever came first wrote the key that holds.
            let found = KEYS.get(tx, &KEY_VERSION).and_then(|found| match found {
                Some(found) => Ok(found),
                None => KEYS.put(tx, &KEY_VERSION, &bytes).map(|()| bytes),
            });
            TxOutcome::Commit(Box::new(move |committed| {
                // The receiver is gone only if nobody waits any more.
                let _ = send.send(committed.and(found));
            }))
        }));
        let answer = receive.await;
        let bytes = answer.map_err(|e| Fault::because("write the engine's key", e))??;
        Ok(Self::derive(&bytes))
    }

    fn derive(master: &[u8]) -> Self {
        let master = hmac::Key::new(hmac::HMAC_SHA256, master);
        let derived = |purpose: &str| hmac::sign(&master, purpose.as_bytes());
        let seal = aead::UnboundKey::new(&aead::AES_256_GCM, derived("session tokens").as_ref())
            .expect("a SHA-256 digest has the length of an AES-256 key");
        let secrets = hmac::Key::new(hmac::HMAC_SHA256, derived("secret access keys").as_ref());
        Self { seal: aead::LessSafeKey::new(seal), secrets }
    }
}
