//! The secret of record keys in a session, and the function that makes keys with it.

use std::{any::Any, sync::Arc};

use datafusion::{
    common::{Result as EngineResult, config::ConfigExtension},
    config::{ConfigEntry, ExtensionOptions},
};

use super::super::{
    def::{Argument, Body, Definition, Example, Family, Outcome, Params, Scalar},
    value::{Output, Value},
};
use crate::{
    error::{Error, Result},
    protect::perturb::{RecordSecret, write_key},
};

/// The secret of record keys, as an option of a session that no query can read or set.
#[derive(Debug, Clone)]
pub struct RecordKeys(Arc<RecordSecret>);

impl RecordKeys {
    /// Takes the secret.
    ///
    /// # Errors
    /// SAMSYN-5052 for one that can be guessed.
    pub fn new(secret: &[u8]) -> Result<Self> {
        Ok(Self(Arc::new(RecordSecret::new(secret)?)))
    }
}

impl ConfigExtension for RecordKeys {
    const PREFIX: &'static str = "samsyn_record_keys";
}

impl ExtensionOptions for RecordKeys {
    fn as_any(&self) -> &dyn Any {
        self
    }

    fn as_any_mut(&mut self) -> &mut dyn Any {
        self
    }

    fn cloned(&self) -> Box<dyn ExtensionOptions> {
        Box::new(self.clone())
    }

    fn set(&mut self, _: &str, _: &str) -> EngineResult<()> {
        Err(Error::invalid(6092, "the secret of record keys is not set by queries")
            .hint("name its file by the setting `record_secret`")
            .into())
    }

    fn entries(&self) -> Vec<ConfigEntry> {
        Vec::new()
    }
}

/// The function.
pub(super) static CKM_RECORD_KEY: Definition = Definition {
    name: "ckm_record_key",
    family: Family::Disclosure,
    formula: "the first 64 bits of HMAC-SHA-256(secret, population ‖ entity), as `k` and eleven characters",
    reading: "the key of a person or other entity for `ckm_count` and `ckm_sum`: always the same within a population, \
              unrelated between populations, random to whoever lacks the secret, which is read from the file that the \
              setting `record_secret` names",
    range: "twelve characters",
    null_when: "an argument is NULL",
    source: "RFC 2104; Fraser & Wooton 2005, Joint UNECE/Eurostat work session on statistical data confidentiality",
    example: Example {
        sql: "SELECT length(ckm_record_key(19, 'folk'))",
        result: "12",
    },
    laws: &[],
    twins: &[],
    body: Body::Scalar(Scalar {
        takes: &[Argument::key("entity"), Argument::key("population")],
        gives: Output::Text,
        kernel: record_key,
    }),
};

fn record_key(of: &Params) -> Outcome {
    let RecordKeys(secret) = of.keys.as_ref().ok_or_else(|| {
        Error::invalid(6092, "`ckm_record_key` has no secret to make keys with").hint(
            "make one with `openssl rand -base64 48`, keep its file outside the lake and the project, and name the file by \
             the setting `record_secret`",
        )
    })?;
    Ok(Value::Text(write_key(secret.record_key(of.text(1), of.text(0)))))
}
