//! What can be wrong, in the words of all doors: a code for programs, a description and a solution for people.

/// Why something was refused. `Display` is the description.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// The name breaks a rule of names.
    #[error("this name cannot be used: {0}")]
    NameInvalid(&'static str),
    /// The name could be mistaken for the service itself.
    #[error("this name is kept for the service")]
    NameReserved,
    /// Bytes that are not a certificate.
    #[error("a device certificate is damaged: {0}")]
    CertificateDamaged(&'static str),
    /// Bytes that are not a removal.
    #[error("the removal of a device is damaged: {0}")]
    RemovalDamaged(&'static str),
    /// Bytes that are not a frame.
    #[error("a frame cannot be read: {0}")]
    FrameDamaged(&'static str),
    /// A frame of a kind that was invented later, or that only the other side sends.
    #[error("a frame is of a kind that is not known here")]
    FrameUnknown,
}

impl Fault {
    /// What programs compare. Once given, a code keeps its meaning.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NameInvalid(_) => "name_invalid",
            Self::NameReserved => "name_reserved",
            Self::CertificateDamaged(_) => "certificate_damaged",
            Self::RemovalDamaged(_) => "removal_damaged",
            Self::FrameDamaged(_) => "bad_frame",
            Self::FrameUnknown => "unknown_frame",
        }
    }

    /// What a person can do about it.
    pub fn solution(&self) -> &'static str {
        match self {
            Self::NameInvalid(_) => {
                "take 2 to 32 letters and digits of one script, with '.', '-' or '_' between them"
            }
            Self::NameReserved => "pick another name",
            Self::CertificateDamaged(_)
            | Self::RemovalDamaged(_)
            | Self::FrameDamaged(_)
            | Self::FrameUnknown => "update the older of the two sides, then try again",
        }
    }
}
