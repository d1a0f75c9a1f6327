//! What is known of how good a chunk is, and how pairs of raw pictures become decibels.

use crate::sandbox::tools::{Build, VmafModel};
use kinora_media::quality::between::{self, Scored};
use kinora_media::quality::runs::Scoring;
use kinora_media::quality::samples::Piece;
use kinora_metric::{Format, Xpsnr};
use serde::{Deserialize, Serialize};

/// Which number says how good a frame is.
#[derive(Clone, Copy, Debug)]
pub(super) enum Scorer<'a> {
    /// libvmaf of this build, with this model.
    Vmaf(&'a Build, VmafModel),
    /// Our own XPSNR, translated; frames are decoded by this build.
    Xpsnr(&'a Build),
}

/// Runs of frames lack so much more than the frames around them, as a logarithm: what stands before each was not encoded.
const ROUGH: f32 = 0.12;

/// The scores of a chunk.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Scores {
    /// Frames that were scored, counted from the chunk's first.
    pub(super) at: Vec<u32>,
    /// Their scores.
    pub(super) score: Vec<f32>,
    /// Frames that were scored because their decibels were few, and their scores.
    pub(super) suspects: (Vec<u32>, Vec<f32>),
    /// Of the luma of all frames in dB: XPSNR where that is what scores come from, else PSNR, where some were scored.
    pub(super) db: Vec<f32>,
}

impl Scores {
    /// A score for each of so many frames: its own, or that of one nearby.
    pub(super) fn frames(&self, length: usize) -> Vec<f32> {
        between::fill(length, self.regular(), self.special())
    }

    /// Whether a frame's score is its own.
    pub(super) fn is_measured(&self, frame: u32) -> bool {
        let is_in = |list: &[u32]| list.binary_search(&frame).is_ok();
        is_in(&self.at) || is_in(&self.suspects.0)
    }

    /// Those of the regular runs.
    pub(super) fn regular(&self) -> Scored<'_> {
        Scored {
            at: &self.at,
            score: &self.score,
        }
    }

    /// With more frames of the same chunk.
    pub(super) fn with(self, more: &Self) -> Self {
        let (at, score) = between::merged(self.regular(), more.regular());
        Self { at, score, ..self }
    }

    /// What these scores, of a trial, say of the frames where they stand.
    pub(super) fn of(mut self, piece: &Piece) -> Self {
        if piece.runs.is_some() {
            let part = (-ROUGH).exp();
            for score in &mut self.score {
                *score = 100.0 - (100.0 - *score) * part;
            }
        }
        self
    }

    fn special(&self) -> Scored<'_> {
        Scored {
            at: &self.suspects.0,
            score: &self.suspects.1,
        }
    }
}

/// What is scored of a span, and the names of the lists.
pub(super) struct Sheet {
    pub(super) length: usize,
    pub(super) picks: Option<Vec<u32>>,
    pub(super) model: &'static str,
    pub(super) log: String,
    pub(super) list: Option<String>,
    pub(super) pixel_format: &'static str,
}

impl Sheet {
    pub(super) fn scoring(&self) -> Scoring<'_> {
        let list = self.list.as_deref();
        Scoring {
            picks: self.picks.as_deref(),
            model: self.model,
            log: &self.log,
            psnr: list.map(|list| (list, self.pixel_format)),
        }
    }
}

/// Pairs of raw pictures that come through a pipe.
pub(super) struct Stack {
    metric: Xpsnr,
    pair: Vec<u8>,
    whole: usize,
    db: Vec<f32>,
    /// So many frames are compared with black, and are too good.
    early: usize,
}

impl Stack {
    pub(super) fn new(format: Format, rate: f64) -> Self {
        Self {
            metric: Xpsnr::new(format, rate),
            pair: Vec::new(),
            whole: format.frame_bytes() * 2,
            db: Vec::new(),
            early: if rate >= 32.0 { 2 } else { 1 },
        }
    }

    /// Takes in bytes, however they are cut.
    pub(super) fn push(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let lacking = self.whole - self.pair.len();
            let (now, later) = bytes.split_at(lacking.min(bytes.len()));
            self.pair.extend_from_slice(now);
            bytes = later;
            if self.pair.len() == self.whole {
                self.compare();
                self.pair.clear();
            }
        }
    }

    fn compare(&mut self) {
        // The length is right by construction; a picture that cannot be compared would count as the worst.
        let db = self.metric.stacked(&self.pair);
        // Equal frames have no bound, and a note cannot hold that.
        self.db
            .push(db.map_or(0.0, |score| score.luma_db().min(100.0) as f32));
    }

    /// The first frames get what the next one has: they are compared with black.
    pub(super) fn finish(mut self) -> Vec<f32> {
        if let Some(next) = self.db.get(self.early).copied() {
            self.db[..self.early].fill(next);
        }
        self.db
    }
}
