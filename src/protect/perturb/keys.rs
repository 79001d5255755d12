//! Keys of records and of cells.
//!
//! A record's key is a keyed hash of population and entity (HMAC-SHA-256, RFC 2104), so one person has one key for life
//! in a population, keys look random to whoever lacks the secret, and different secrets or populations give unrelated
//! keys. A cell's key is the sum of its records' keys modulo 2^64: exact, and the same in whatever order or number of
//! parts it is summed. What can go wrong: a secret that can be guessed or is stored beside the data makes the noise
//! computable; it is read from outside the lake, never printed, and never part of a result.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest, Sha256};

use crate::{
    error::{Error, Result},
    model::Redacted,
};

/// Bytes of a block of SHA-256.
const BLOCK: usize = 64;
/// Bytes that a secret has at least.
const SHORTEST: usize = 32;

/// The secret that record keys are made with.
#[derive(Debug, Clone)]
pub struct RecordSecret(Redacted<[u8; BLOCK]>);

impl RecordSecret {
    /// Takes the secret.
    ///
    /// # Errors
    /// SAMSYN-5052 for one of fewer than 32 bytes, or of one byte over and over.
    pub fn new(bytes: &[u8]) -> Result<Self> {
        let wrong = |what: &str| {
            Error::invalid(5052, format!("the secret of record keys {what}"))
                .hint("make one with `openssl rand -base64 48`, and keep it outside the lake and the project")
        };
        if bytes.len() < SHORTEST {
            return Err(wrong("is shorter than 32 bytes"));
        }
        if bytes.iter().all(|byte| *byte == bytes[0]) {
            return Err(wrong("is one byte over and over"));
        }
        let mut block = [0; BLOCK];
        if bytes.len() > BLOCK {
            block[..32].copy_from_slice(&Sha256::digest(bytes));
        } else {
            block[..bytes.len()].copy_from_slice(bytes);
        }
        Ok(Self(Redacted::new(block)))
    }

    /// Returns the key of an entity of a population.
    pub fn record_key(&self, population: &str, entity: &str) -> u64 {
        // the length keeps apart what would read the same when joined
        let length = (population.len() as u64).to_le_bytes();
        let hash = self.hmac(&[&length, population.as_bytes(), entity.as_bytes()]);
        let mut first = [0; 8];
        first.copy_from_slice(&hash[..8]);
        u64::from_be_bytes(first)
    }

    fn hmac(&self, parts: &[&[u8]]) -> [u8; 32] {
        // hashing needs the secret; it goes nowhere else
        let secret = self.0.reveal();
        let mut inner = Sha256::new_with_prefix(secret.map(|byte| byte ^ 0x36));
        for part in parts {
            inner.update(part);
        }
        let mut outer = Sha256::new_with_prefix(secret.map(|byte| byte ^ 0x5c));
        outer.update(inner.finalize());
        outer.finalize().into()
    }
}

/// Returns a record's key as text: `k` and eleven characters, so that nothing else is taken for one.
pub fn write_key(key: u64) -> String {
    format!("k{}", URL_SAFE_NO_PAD.encode(key.to_be_bytes()))
}

/// Reads a record's key, or returns nothing for a text that is none.
pub fn read_key(text: &str) -> Option<u64> {
    let mut bytes = [0; 8];
    let length = URL_SAFE_NO_PAD.decode_slice(text.strip_prefix('k')?, &mut bytes).ok()?;
    (length == bytes.len()).then(|| u64::from_be_bytes(bytes))
}

/// Returns the key of a cell from the keys of its records, each of which it holds once.
pub fn cell_key(records: impl IntoIterator<Item = u64>) -> u64 {
    records.into_iter().fold(0, u64::wrapping_add)
}

/// Returns a key that looks unrelated to the given one and to those of other purposes (the finaliser of SplitMix64).
pub fn mixed(key: u64, purpose: u64) -> u64 {
    let mut mixed = key.wrapping_add(purpose.wrapping_mul(0x9e37_79b9_7f4a_7c15));
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_is_that_of_rfc_4231() {
        // test case 6: a key longer than a block; case 1 with a key that a secret may not be
        let long = RecordSecret(Redacted::new({
            let mut block = [0; BLOCK];
            block[..32].copy_from_slice(&Sha256::digest([0xaa_u8; 131]));
            block
        }));
        let hash = long.hmac(&[b"Test Using Larger Than Block-Size Key - ", b"Hash Key First"]);
        let hex: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(hex, "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
        let mut block = [0; BLOCK];
        block[..20].copy_from_slice(&[0x0b; 20]);
        let hash = RecordSecret(Redacted::new(block)).hmac(&[b"Hi There"]);
        let hex: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(hex, "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
    }

    #[test]
    fn weak_secrets_are_refused_and_none_is_printed() {
        assert_eq!(RecordSecret::new(b"short").unwrap_err().code(), 5052);
        assert_eq!(RecordSecret::new(&[7; 40]).unwrap_err().code(), 5052);
        let secret = RecordSecret::new(b"a secret of more than thirty-two bytes").unwrap();
        assert_eq!(format!("{secret:?}"), "RecordSecret(****)");
    }

    #[test]
    fn texts_are_read_back_and_others_refused() {
        for key in [0, 1, u64::MAX, 0x0123_4567_89ab_cdef] {
            let text = write_key(key);
            assert_eq!((text.len(), read_key(&text)), (12, Some(key)));
        }
        for text in ["", "k", "800101-1234", "kAAAAAAAAAAB", "kAAAAAAAAAAAA", "AAAAAAAAAAA"] {
            assert_eq!(read_key(text), None, "{text}");
        }
    }
}
