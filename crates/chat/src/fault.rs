//! What can be wrong, in the words of all doors: a code for programs, a description and a solution for people.

/// Why something was refused. `Display` is the description.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// A name or a certificate that is none.
    #[error(transparent)]
    Talk(#[from] kinora_talk::Fault),
    /// A certificate that the user's identity key did not sign.
    #[error("the device {device} was not certified by the identity of {name}")]
    CertificateForged {
        /// The name that the certificate claims.
        name: String,
        /// The device's id in hexadecimal digits.
        device: String,
    },
    /// A certificate for another key than the one that is used.
    #[error("a device of {name} uses another key than its certificate says")]
    LeafMismatch {
        /// The name that the certificate claims.
        name: String,
    },
    /// A name that the directory does not know.
    #[error("{name} is not in the directory")]
    UnknownUser {
        /// The name that the certificate claims.
        name: String,
    },
    /// A device that the directory does not list, or no more.
    #[error("{name} has no device {device}")]
    UnknownDevice {
        /// The name that the certificate claims.
        name: String,
        /// The device's id in hexadecimal digits.
        device: String,
    },
    /// More text than one message carries.
    #[error("the message is longer than 64 KiB")]
    TextTooLong,
    /// An authentic message that makes no sense.
    #[error("a message cannot be read: {0}")]
    PayloadDamaged(&'static str),
    /// A message of a kind that was invented later.
    #[error("a message is of a kind that this version does not know")]
    PayloadNewer,
    /// Bytes that nobody sealed with the key of the file, or not at this place.
    #[error("a file is damaged, or was changed on its way")]
    FileDamaged,
    /// A file that is longer or shorter than it was when its sending began.
    #[error("the file changed while it was read")]
    FileChanged,
    /// A key package with which nobody can be added.
    #[error("a device cannot be added: its key package is damaged or has expired")]
    PackageUnusable,
    /// A Welcome that is not for this device, or for a key package that is used up.
    #[error("a conversation cannot be joined: the invitation is damaged, or was used before")]
    WelcomeUnusable,
    /// Bytes that no member of the conversation encrypted.
    #[error("a message is damaged")]
    MessageDamaged,
    /// A message that was opened before, or whose key is gone.
    #[error("a message was opened before, or is too old to be opened")]
    MessageReplayed,
    /// More messages are missing in front of it than keys are made ahead.
    #[error("too many messages are missing in front of one")]
    MessageTooFar,
    /// A message from a later epoch: a commit was missed.
    #[error("a message is of epoch {got}, and this device is in {have}")]
    EpochAhead {
        /// The epoch of this device.
        have: u64,
        /// The epoch of the message.
        got: u64,
    },
    /// A message from an epoch whose keys are gone, or a commit that lost.
    #[error("a message is of epoch {got}, which ended before {have}")]
    EpochPast {
        /// The epoch of this device.
        have: u64,
        /// The epoch of the message.
        got: u64,
    },
    /// Something that a conversation does not have.
    #[error("a change of the conversation is refused: {0}")]
    NotAllowed(&'static str),
    /// A commit of our own waits for the server.
    #[error("a change of the conversation waits for the server")]
    CommitPending,
    /// This device was removed from the conversation.
    #[error("this device is no longer in the conversation")]
    GroupOver,
    /// Not what a new device shows.
    #[error("this is no code of a new device, or a letter of it is wrong")]
    CodeUnusable,
    /// An answer to another device's code.
    #[error("this is no answer for this device, or a letter of it is wrong")]
    AnswerUnusable,
    /// A passphrase that is guessed too easily.
    #[error("the passphrase is shorter than ten characters")]
    PassphraseShort,
    /// Not the passphrase of this backup.
    #[error("the passphrase does not open the backup")]
    PassphraseWrong,
    /// A file that is no backup, or not whole.
    #[error("the backup cannot be used: {0}")]
    BackupDamaged(&'static str),
    /// A backup of a later version.
    #[error("the backup was made by a newer program")]
    BackupNewer,
    /// A stored state that cannot be taken up.
    #[error("the stored state of a conversation is damaged")]
    StateDamaged,
    /// OpenMLS failed where it cannot, unless the system has no randomness.
    #[error("the encryption failed")]
    Engine,
}

impl Fault {
    /// What programs compare. Once given, a code keeps its meaning.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Talk(fault) => fault.code(),
            Self::CertificateForged { .. } => "certificate_forged",
            Self::LeafMismatch { .. } => "leaf_mismatch",
            Self::UnknownUser { .. } => "unknown_user",
            Self::UnknownDevice { .. } => "unknown_device",
            Self::TextTooLong => "text_too_long",
            Self::PayloadDamaged(_) => "payload_damaged",
            Self::PayloadNewer => "payload_newer",
            Self::FileDamaged => "file_damaged",
            Self::FileChanged => "file_changed",
            Self::PackageUnusable => "package_unusable",
            Self::WelcomeUnusable => "welcome_unusable",
            Self::MessageDamaged => "message_damaged",
            Self::MessageReplayed => "message_replayed",
            Self::MessageTooFar => "message_too_far",
            Self::EpochAhead { .. } => "epoch_ahead",
            Self::EpochPast { .. } => "epoch_past",
            Self::NotAllowed(_) => "not_allowed",
            Self::CommitPending => "commit_pending",
            Self::GroupOver => "group_over",
            Self::CodeUnusable => "code_unusable",
            Self::AnswerUnusable => "answer_unusable",
            Self::PassphraseShort => "passphrase_short",
            Self::PassphraseWrong => "wrong_passphrase",
            Self::BackupDamaged(_) => "backup_damaged",
            Self::BackupNewer => "backup_newer",
            Self::StateDamaged => "state_damaged",
            Self::Engine => "engine_failed",
        }
    }

    /// What a person can do about it.
    pub fn solution(&self) -> &'static str {
        match self {
            Self::Talk(fault) => fault.solution(),
            Self::PayloadDamaged(_) => "update the older of the two clients, then try again",
            Self::CertificateForged { .. } | Self::LeafMismatch { .. } => {
                "do not send; compare safety numbers with this person over another channel"
            }
            Self::UnknownUser { .. } => {
                "look at the list of people; the name may have been removed"
            }
            Self::UnknownDevice { .. } => "ask this person to look at the list of their devices",
            Self::TextTooLong => "send it in parts, or as a file",
            Self::PayloadNewer => "update this client to read it",
            Self::FileDamaged => "nothing was kept of it; ask for it to be sent again",
            Self::FileChanged => "wait until nothing writes to it any more, then send it again",
            Self::PackageUnusable => "try again with another package of this device",
            Self::WelcomeUnusable | Self::MessageTooFar | Self::GroupOver | Self::StateDamaged => {
                "let the other side add this device anew; what was received stays"
            }
            Self::MessageDamaged | Self::NotAllowed(_) => {
                "nothing was changed; if it goes on, look whether both clients are up to date"
            }
            Self::MessageReplayed | Self::EpochPast { .. } => {
                "nothing; if a message is missing, ask for it again"
            }
            Self::EpochAhead { .. } => "fetch what was missed, then open it again",
            Self::CodeUnusable => "copy all of what `kinora chat link` shows on the new device",
            Self::AnswerUnusable => {
                "start `kinora chat link` anew on this device, and give its code to the other one"
            }
            Self::PassphraseShort => {
                "take several words: whoever has the file may guess for as long as they like"
            }
            Self::PassphraseWrong => {
                "type it again: nobody opens the backup without it, nor one whose first lines were changed"
            }
            Self::BackupDamaged(_) => "take another copy of it; nothing was changed here",
            Self::BackupNewer => "update this program, then try again",
            Self::CommitPending => "wait for the server's answer, then send",
            Self::Engine => "start this client again",
        }
    }
}
