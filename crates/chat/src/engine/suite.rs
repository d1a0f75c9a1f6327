//! Which ciphers, and the settings of MLS that both engines must share.

use crate::limits::{FORWARD_MAX, PACKAGE_EARLY_S, PACKAGE_LIFETIME_S, PAST_EPOCHS, REORDER_MAX};
use openmls::prelude::{
    Capabilities, Ciphersuite, CredentialType, ExtensionType, Lifetime, MlsGroupCreateConfig,
    MlsGroupJoinConfig, PURE_CIPHERTEXT_WIRE_FORMAT_POLICY, ProtocolVersion,
    SenderRatchetConfiguration,
};

/// Ciphers of a conversation.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Suite {
    /// X-Wing (X25519 and ML-KEM-768), AES-256-GCM, SHA-384, Ed25519: what is recorded today stays closed to a quantum
    /// computer of tomorrow. Its number is provisional, and therefore stands nowhere but here.
    #[default]
    Hybrid,
    /// X25519, AES-128-GCM, SHA-256, Ed25519: the one that every MLS has, for tests and as the way out.
    Classic,
}

impl Suite {
    pub(super) fn ciphersuite(self) -> Ciphersuite {
        match self {
            Self::Hybrid => Ciphersuite::MLS_128_MLKEM768X25519_AES256GCM_SHA384_Ed25519,
            Self::Classic => Ciphersuite::MLS_128_DHKEMX25519_AES128GCM_SHA256_Ed25519,
        }
    }

    /// As it stands in a stored state.
    pub(super) fn tag(self) -> u8 {
        match self {
            Self::Hybrid => 1,
            Self::Classic => 2,
        }
    }

    pub(super) fn of_tag(tag: u8) -> Option<Self> {
        [Self::Hybrid, Self::Classic]
            .into_iter()
            .find(|each| each.tag() == tag)
    }

    /// Only this suite and plain credentials. What every MLS has must not be listed; a package's mark of the last resort
    /// must be.
    pub(super) fn capabilities(self, extensions: Vec<ExtensionType>) -> Capabilities {
        Capabilities::builder()
            .versions(vec![ProtocolVersion::Mls10])
            .ciphersuites(vec![self.ciphersuite()])
            .extensions(extensions)
            .proposals(Vec::new())
            .credentials(vec![CredentialType::Basic])
            .build()
    }

    pub(super) fn create_config(self, now: u64) -> MlsGroupCreateConfig {
        MlsGroupCreateConfig::builder()
            .ciphersuite(self.ciphersuite())
            .capabilities(self.capabilities(Vec::new()))
            .lifetime(lifetime(now))
            .wire_format_policy(PURE_CIPHERTEXT_WIRE_FORMAT_POLICY)
            .padding_size(0)
            .max_past_epochs(PAST_EPOCHS)
            .number_of_resumption_psks(0)
            .use_ratchet_tree_extension(true)
            .sender_ratchet_configuration(ratchet())
            .build()
    }
}

pub(super) fn join_config() -> MlsGroupJoinConfig {
    MlsGroupJoinConfig::builder()
        .wire_format_policy(PURE_CIPHERTEXT_WIRE_FORMAT_POLICY)
        .padding_size(0)
        .max_past_epochs(PAST_EPOCHS)
        .number_of_resumption_psks(0)
        .use_ratchet_tree_extension(true)
        .sender_ratchet_configuration(ratchet())
        .build()
}

/// Begins a little before now, for clocks that are slow.
pub(super) fn lifetime(now: u64) -> Lifetime {
    Lifetime::init(
        now.saturating_sub(PACKAGE_EARLY_S),
        now.saturating_add(PACKAGE_LIFETIME_S),
    )
}

fn ratchet() -> SenderRatchetConfiguration {
    SenderRatchetConfiguration::new(REORDER_MAX, FORWARD_MAX)
}
