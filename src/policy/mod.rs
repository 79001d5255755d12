//! Who may read what: a pure decision from an identity and a table, without transport or engine in it.
//!
//! Readers see what is published (`pub`), what it is described by (`ref`, `meta`), and nothing else: other tables are absent, not
//! refused by name, so that an error or a listing tells nothing about them. Engineers see every layer. What can go wrong: a new
//! layer that nobody thought of here would be open by default, so the match is exhaustive on purpose.

use crate::model::Layer;

/// What a user may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Reads `pub`, `ref` and `meta`.
    Reader,
    /// Builds the lake; reads every layer.
    Engineer,
}

/// Who is asking.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// Name of the user, as the user file has it.
    pub name: String,
    /// What they may do.
    pub role: Role,
}

impl Identity {
    /// Somebody on the same machine who did not log in: a reader.
    pub fn anonymous() -> Self {
        Self {
            name: "anonymous".into(),
            role: Role::Reader,
        }
    }

    /// The owner of the process, at the terminal.
    pub fn operator() -> Self {
        Self {
            name: "operator".into(),
            role: Role::Engineer,
        }
    }

    /// Whether this identity may read the tables of `layer`.
    pub fn may_read(&self, layer: Layer) -> bool {
        match (self.role, layer) {
            (_, Layer::Pub | Layer::Ref | Layer::Meta) => true,
            (role, Layer::Raw | Layer::Core | Layer::Mart | Layer::System) => role == Role::Engineer,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reader_sees_three_layers() {
        let seen: Vec<_> = Layer::ALL
            .into_iter()
            .filter(|l| Identity::anonymous().may_read(*l))
            .collect();
        assert_eq!(seen, [Layer::Ref, Layer::Pub, Layer::Meta]);
    }
}
