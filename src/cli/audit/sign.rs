//! Signatures of reports: Ed25519, so that whoever has the public key can check what he was given with common tools.
//!
//! The private key is the publisher's; it is read from a file outside lake and project and goes nowhere. Signatures are
//! files of 64 bytes beside what they sign: `openssl pkeyutl -verify -pubin -inkey report.pub.pem -rawin -in report.json
//! -sigfile report.json.sig`.

use base64::{Engine as _, prelude::BASE64_STANDARD};
use ring::signature::{Ed25519KeyPair, KeyPair};
use sha2::{Digest, Sha256};

use crate::error::{Error, Result};

/// What comes before the 32 bytes of an Ed25519 public key in its standard form (RFC 8410).
const PUBLIC_HEADER: [u8; 12] = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];

/// A key to sign with.
pub(super) struct Signer(Ed25519KeyPair);

impl Signer {
    /// Reads a private key: PKCS #8 as PEM or DER, as `openssl genpkey -algorithm ed25519` writes it.
    ///
    /// # Errors
    /// SAMSYN-5086 when it is none.
    pub(super) fn read(bytes: &[u8]) -> Result<Self> {
        let wrong = || {
            Error::usage(5086, "the file of the setting `report_key` holds no Ed25519 private key")
                .hint("make one with `openssl genpkey -algorithm ed25519 -out report-key.pem`; keep it outside lake and project")
        };
        let der = match std::str::from_utf8(bytes) {
            Ok(text) if text.contains("-----BEGIN PRIVATE KEY-----") => {
                let body: String = text
                    .lines()
                    .map(str::trim)
                    .filter(|line| !line.starts_with("-----"))
                    .collect();
                BASE64_STANDARD.decode(body).map_err(|_| wrong())?
            }
            _ => bytes.to_vec(),
        };
        Ed25519KeyPair::from_pkcs8_maybe_unchecked(&der)
            .map(Self)
            .map_err(|_| wrong())
    }

    /// The signature of some bytes.
    pub(super) fn sign(&self, bytes: &[u8]) -> Vec<u8> {
        self.0.sign(bytes).as_ref().to_vec()
    }

    /// The public key as PEM.
    pub(super) fn public_pem(&self) -> String {
        let mut der = PUBLIC_HEADER.to_vec();
        der.extend_from_slice(self.0.public_key().as_ref());
        format!(
            "-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n",
            BASE64_STANDARD.encode(der)
        )
    }

    /// SHA-256 of the public key in its standard form: what to compare by telephone.
    pub(super) fn fingerprint(&self) -> String {
        let mut der = PUBLIC_HEADER.to_vec();
        der.extend_from_slice(self.0.public_key().as_ref());
        sha256(&der)
    }
}

/// SHA-256 in hexadecimal digits.
pub(super) fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 8032, section 7.1, test 3.
    #[test]
    fn the_signature_is_that_of_the_standard() {
        let seed: Vec<u8> = (0..32)
            .map(|at| {
                let hex = "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7";
                u8::from_str_radix(&hex[2 * at..2 * at + 2], 16).unwrap()
            })
            .collect();
        let mut der = vec![
            0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20,
        ];
        der.extend(seed);
        let pem = format!(
            "-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n",
            BASE64_STANDARD.encode(&der)
        );
        for key in [der.clone(), pem.into_bytes()] {
            let signer = Signer::read(&key).unwrap();
            let hex: String = signer
                .sign(&[0xaf, 0x82])
                .iter()
                .map(|byte| format!("{byte:02x}"))
                .collect();
            assert_eq!(
                hex,
                "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac\
                 18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a"
            );
            assert!(signer.public_pem().contains("BEGIN PUBLIC KEY") && signer.fingerprint().len() == 64);
        }
        assert_eq!(Signer::read(b"no key").err().unwrap().code(), 5086);
    }
}
