//! FFmpeg's `-progress` output, line by line.
//!
//! It prints `key=value` lines in blocks that end with `progress=continue` or `progress=end`. `out_time_ms` is in
//! microseconds too (a mistake that can no longer be mended there), and any value may be `N/A`.

/// One block, complete.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Progress {
    /// Frames written.
    pub frame: u64,
    /// Time of the result that has been written.
    pub out_time_us: Option<u64>,
    /// Times real time.
    pub speed: Option<f64>,
    /// Part of this step, 0 to 1; 0 when the length is not known.
    pub done: f64,
    /// Bytes written.
    pub total_size: Option<u64>,
    /// FFmpeg says that this was the last block.
    pub is_end: bool,
}

/// Collects lines into blocks.
#[derive(Debug, Clone)]
pub struct Parser {
    duration_us: Option<u64>,
    block: Progress,
}

impl Parser {
    /// For a step whose result has this length.
    pub fn new(duration_us: Option<u64>) -> Self {
        Self {
            duration_us: duration_us.filter(|&length| length > 0),
            block: Progress::default(),
        }
    }

    /// Takes a line; a block comes out when it ended one. Lines that are no progress are passed over.
    pub fn line(&mut self, line: &str) -> Option<Progress> {
        let (key, value) = line.trim().split_once('=')?;
        let value = value.trim();
        match key.trim() {
            "frame" => self.block.frame = value.parse().unwrap_or(self.block.frame),
            // Negative before the first packet.
            "out_time_us" | "out_time_ms" => self.out_time(value.parse().ok()),
            "speed" => {
                self.block.speed = value
                    .trim_end_matches('x')
                    .trim()
                    .parse()
                    .ok()
                    .filter(|speed: &f64| speed.is_finite())
            }
            "total_size" => self.block.total_size = value.parse().ok(),
            "progress" => return Some(self.finish(value == "end")),
            _ => {}
        }
        None
    }

    fn out_time(&mut self, us: Option<i64>) {
        let Some(us) = us else { return };
        let us = u64::try_from(us).unwrap_or(0);
        // Never backwards: tracks take turns, and the number follows the last packet.
        let us = self.block.out_time_us.map_or(us, |before| before.max(us));
        self.block.out_time_us = Some(us);
        let length = self
            .duration_us
            .map_or(f64::INFINITY, |length| length as f64);
        self.block.done = (us as f64 / length).clamp(0.0, 1.0);
    }

    fn finish(&mut self, is_end: bool) -> Progress {
        self.block.is_end = is_end;
        if is_end {
            self.block.done = 1.0;
        }
        self.block
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn last(duration_us: Option<u64>, text: &str) -> Option<Progress> {
        let mut parser = Parser::new(duration_us);
        text.lines().filter_map(|line| parser.line(line)).last()
    }

    #[test]
    fn a_block_comes_out_at_its_end() {
        let block = "frame=30\nfps=29.9\nbitrate= 512.3kbits/s\ntotal_size=65536\nout_time_us=1000000\n\
                     out_time_ms=1000000\nout_time=00:00:01.000000\nspeed=2.5x\nprogress=continue";
        let expected = Progress {
            frame: 30,
            out_time_us: Some(1_000_000),
            speed: Some(2.5),
            done: 0.25,
            total_size: Some(65_536),
            is_end: false,
        };
        assert_eq!(last(Some(4_000_000), block), Some(expected));
        assert_eq!(last(Some(4_000_000), "frame=30\nout_time_us=5"), None);
    }

    #[test]
    fn what_is_not_there_yet_is_not_guessed() {
        let block = "frame=0\ntotal_size=N/A\nout_time_us=N/A\nspeed=N/A\nprogress=continue";
        assert_eq!(last(Some(4_000_000), block), Some(Progress::default()));
        assert_eq!(
            last(None, "out_time_us=70\nprogress=continue").map(|each| each.done),
            Some(0.0)
        );
        assert_eq!(
            last(None, "out_time_us=-70\nprogress=end").map(|each| each.done),
            Some(1.0)
        );
    }

    #[test]
    fn it_never_goes_backwards() {
        let text = "out_time_us=80\nprogress=continue\nout_time_us=20\nprogress=continue";
        assert_eq!(
            last(Some(100), text).and_then(|each| each.out_time_us),
            Some(80)
        );
    }
}
