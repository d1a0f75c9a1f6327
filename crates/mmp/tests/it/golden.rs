//! The golden vectors: frames of every client as they are on the wire, and what they mean.
//!
//! The header is written out in hex, so that nothing in here is computed by the code under test.

/// A frame, part by part, and its meaning in one line.
pub(crate) struct Golden {
    pub(crate) name: &'static str,
    pub(crate) header: &'static str,
    pub(crate) json: &'static str,
    pub(crate) media_type: &'static str,
    pub(crate) payload: &'static str,
    pub(crate) meaning: &'static str,
}

impl Golden {
    /// The frame on the wire, with its payload.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        let digits = self.header.replace(' ', "");
        let hex = |at: usize| u8::from_str_radix(&digits[at..at + 2], 16).expect("hex");
        let mut bytes: Vec<u8> = (0..digits.len()).step_by(2).map(hex).collect();
        for part in [self.json, self.media_type, self.payload] {
            bytes.extend_from_slice(part.as_bytes());
        }
        bytes
    }
}

/// What clients send.
pub(crate) const REQUESTS: &[Golden] = &[
    Golden {
        name: "a_compress",
        header: "002f 03 0000000005",
        json: r#"{"command": 1, "crf": "23", "extention": "mp4"}"#,
        media_type: "mp4",
        payload: "MOVIE",
        meaning: r#"compress {"quality":23} held mp4"#,
    },
    Golden {
        name: "a_aspect",
        header: "0037 03 0000000005",
        json: r#"{"command": 2, "ratio_choice": "3", "extention": "mp4"}"#,
        media_type: "mp4",
        payload: "MOVIE",
        meaning: r#"aspect {"fit":"letterbox","ratio":"1:1"} held mp4"#,
    },
    Golden {
        name: "a_resolution",
        header: "003c 03 0000000005",
        json: r#"{"command": "3", "resolution_choice": 3, "extention": "mp4"}"#,
        media_type: "mp4",
        payload: "MOVIE",
        meaning: r#"resize {"fit":"letterbox","height":480,"upscale":true,"width":854} held mp4"#,
    },
    Golden {
        name: "a_mp3",
        header: "0022 03 0000000005",
        json: r#"{"command": 4, "extention": "mp4"}"#,
        media_type: "mp4",
        payload: "MOVIE",
        meaning: r#"audio {"format":"mp3"} held mp4"#,
    },
    Golden {
        name: "a_gif",
        header: "0022 03 0000000005",
        json: r#"{"command": 5, "extention": "mp4"}"#,
        media_type: "mp4",
        payload: "MOVIE",
        meaning: r#"gif {} held mp4"#,
    },
    Golden {
        name: "a_exit",
        header: "0023 03 0000000005",
        json: r#"{"command": -1, "extention": "mp4"}"#,
        media_type: "mp4",
        payload: "MOVIE",
        meaning: r#"goodbye"#,
    },
    Golden {
        name: "b_compress",
        header: "003a 03 0000000005",
        json: r#"{"action": "upload", "type": "compress", "parameters": {}}"#,
        media_type: "mp4",
        payload: "MOVIE",
        meaning: r#"compress {} accepted mp4"#,
    },
    Golden {
        name: "b_resolution",
        header: "0058 03 0000000005",
        json: r#"{"action": "upload", "type": "resolution", "parameters": {"width": 1280, "height": 720}}"#,
        media_type: "mp4",
        payload: "MOVIE",
        meaning: r#"resize {"fit":"letterbox","height":720,"upscale":true,"width":1280} accepted mp4"#,
    },
    Golden {
        name: "b_aspect",
        header: "0054 03 0000000005",
        json: r#"{"action": "upload", "type": "aspect_ratio", "parameters": {"aspect_ratio": "16:9"}}"#,
        media_type: "mp4",
        payload: "MOVIE",
        meaning: r#"aspect {"fit":"letterbox","ratio":"16:9"} accepted mp4"#,
    },
    Golden {
        name: "b_audio",
        header: "003f 03 0000000005",
        json: r#"{"action": "upload", "type": "extract_audio", "parameters": {}}"#,
        media_type: "mp4",
        payload: "MOVIE",
        meaning: r#"audio {"format":"mp3"} accepted mp4"#,
    },
    Golden {
        name: "b_gif",
        header: "0057 03 0000000005",
        json: r#"{"action": "upload", "type": "gif", "parameters": {"start_time": 0.0, "duration": 5.0}}"#,
        media_type: "mp4",
        payload: "MOVIE",
        meaning: r#"gif {"duration":5,"start":0} accepted mp4"#,
    },
    Golden {
        name: "b_webm",
        header: "0058 03 0000000005",
        json: r#"{"action": "upload", "type": "webm", "parameters": {"start_time": 1.5, "duration": 5.0}}"#,
        media_type: "mp4",
        payload: "MOVIE",
        meaning: r#"webm {"duration":5,"start":1.5} accepted mp4"#,
    },
    Golden {
        name: "b_status",
        header: "0027 00 0000000000",
        json: r#"{"action": "status", "task_id": "0f3c"}"#,
        media_type: "",
        payload: "",
        meaning: r#"status 0f3c"#,
    },
    Golden {
        name: "b_download",
        header: "0029 00 0000000000",
        json: r#"{"action": "download", "task_id": "0f3c"}"#,
        media_type: "",
        payload: "",
        meaning: r#"download 0f3c from 0"#,
    },
    Golden {
        name: "c_ping",
        header: "0031 0a 0000000000",
        json: r#"{"action": "ping", "message": "connection_start"}"#,
        media_type: "text/plain",
        payload: "",
        meaning: r#"ping"#,
    },
    Golden {
        name: "c_compress",
        header: "0055 09 0000000005",
        json: r#"{"action": "upload", "file_name": "a.mp4", "operation": "compress", "parameters": {}}"#,
        media_type: "video/mp4",
        payload: "MOVIE",
        meaning: r#"compress {} held mp4 "a.mp4""#,
    },
    Golden {
        name: "c_resize",
        header: "005e 09 0000000005",
        json: r#"{"action": "upload", "file_name": "a.mp4", "operation": "resize", "parameters": {"size": "3"}}"#,
        media_type: "video/mp4",
        payload: "MOVIE",
        meaning: r#"resize {"fit":"letterbox","height":480,"upscale":true,"width":640} held mp4 "a.mp4""#,
    },
    Golden {
        name: "c_aspect",
        header: "0070 09 0000000005",
        json: r#"{"action": "upload", "file_name": "a.mp4", "operation": "aspect", "parameters": {"ratio": "2", "fit_mode": "2"}}"#,
        media_type: "video/mp4",
        payload: "MOVIE",
        meaning: r#"aspect {"fit":"stretch","ratio":"4:3"} held mp4 "a.mp4""#,
    },
    Golden {
        name: "c_convert",
        header: "0054 09 0000000005",
        json: r#"{"action": "upload", "file_name": "a.mp4", "operation": "convert", "parameters": {}}"#,
        media_type: "video/mp4",
        payload: "MOVIE",
        meaning: r#"audio {"format":"mp3"} held mp4 "a.mp4""#,
    },
    Golden {
        name: "c_trim_gif",
        header: "0089 09 0000000005",
        json: r#"{"action": "upload", "file_name": "a.mp4", "operation": "trim", "parameters": {"type": "gif", "start_time": "00:00:10", "duration": "5"}}"#,
        media_type: "video/mp4",
        payload: "MOVIE",
        meaning: r#"gif {"duration":5,"start":10} held mp4 "a.mp4""#,
    },
    Golden {
        name: "c_trim_webm",
        header: "0083 09 0000000005",
        json: r#"{"action": "upload", "file_name": "a.mp4", "operation": "trim", "parameters": {"type": "webm", "start_time": "0", "duration": "5"}}"#,
        media_type: "video/mp4",
        payload: "MOVIE",
        meaning: r#"webm {"duration":5,"start":0} held mp4 "a.mp4""#,
    },
    Golden {
        name: "native_upload",
        header: "010b 03 0000000005",
        json: r#"{"action":"upload","operation":"compress","parameters":{"quality":28},"ext":["digest","resume","job"],"idempotency_key":"0123456789abcdef","length":9,"offset":4,"commit":"confirm","digest":{"blake3":"abababababababababababababababababababababababababababababababab"}}"#,
        media_type: "mp4",
        payload: "MOVIE",
        meaning: r#"compress {"quality":28} accepted mp4 4/9 key 0123456789abcdef confirm Blake3"#,
    },
    Golden {
        name: "native_held",
        header: "0044 04 0000000005",
        json: r#"{"operation":"webm","start":"00:10","end":"00:20","filename":"clip"}"#,
        media_type: ".mov",
        payload: "MOVIE",
        meaning: r#"webm {"end":20,"start":10} held mov "clip""#,
    },
    Golden {
        name: "native_watch",
        header: "003a 00 0000000000",
        json: r#"{"action":"status","task_id":"0f3c","watch":true,"ext":[]}"#,
        media_type: "",
        payload: "",
        meaning: r#"status 0f3c watch"#,
    },
    Golden {
        name: "native_cancel",
        header: "0024 00 0000000000",
        json: r#"{"action":"cancel","task_id":"0f3c"}"#,
        media_type: "",
        payload: "",
        meaning: r#"cancel 0f3c"#,
    },
    Golden {
        name: "native_confirm",
        header: "0025 00 0000000000",
        json: r#"{"action":"confirm","task_id":"0f3c"}"#,
        media_type: "",
        payload: "",
        meaning: r#"confirm task 0f3c"#,
    },
    Golden {
        name: "native_confirm_upload",
        header: "0090 00 0000000000",
        json: r#"{"action":"confirm","idempotency_key":"0123456789abcdef","digest":{"sha256":"CDCDCDCDCDCDCDCDCDCDCDCDCDCDCDCDCDCDCDCDCDCDCDCDCDCDCDCDCDCDCDCD"}}"#,
        media_type: "",
        payload: "",
        meaning: r#"confirm upload 0123456789abcdef Sha256"#,
    },
    Golden {
        name: "native_resume",
        header: "0038 00 0000000000",
        json: r#"{"action":"resume","idempotency_key":"0123456789abcdef"}"#,
        media_type: "",
        payload: "",
        meaning: r#"resume 0123456789abcdef"#,
    },
    Golden {
        name: "native_download_rest",
        header: "0034 00 0000000000",
        json: r#"{"action":"download","task_id":"0f3c","offset":1024}"#,
        media_type: "",
        payload: "",
        meaning: r#"download 0f3c from 1024"#,
    },
];
