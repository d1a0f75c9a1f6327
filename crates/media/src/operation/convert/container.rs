//! The containers that `convert` writes: what each is called, what it holds, and what it gets when nothing is said.
//!
//! Rows exist for every muxer of FFmpeg 5.1 and later that makes one file of a recording; which of them the installed
//! build has is asked of `Capabilities`. Defaults are FFmpeg's own, except where those are from another century:
//! H.264 and AAC wherever they fit.

use crate::capability::Capabilities;
use crate::fault::Fault;

/// One container.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Container {
    /// FFmpeg's name of the muxer.
    pub(crate) muxer: &'static str,
    /// Endings that mean it; the first is what results are called.
    pub(crate) endings: &'static [&'static str],
    /// Codec of the picture when nothing is said; empty when it holds none.
    pub(crate) video: &'static str,
    /// Codec of the sound when nothing is said; empty when it holds none.
    pub(crate) audio: &'static str,
    /// Codec of subtitles made of text; empty when it holds none.
    pub(crate) subtitle: &'static str,
    /// Codecs that are copied into it besides the defaults.
    pub(crate) takes: &'static [&'static str],
    /// What else is true of it.
    pub(crate) traits: Traits,
}

/// What is true of a container.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Traits {
    /// Holds several sound tracks.
    pub(crate) many: bool,
    /// Frames may be at any time.
    pub(crate) any_time: bool,
    /// Its files tell how long they are.
    pub(crate) has_length: bool,
    /// Nothing can tell by its content what it is.
    pub(crate) headerless: bool,
}

const MANY: Traits = Traits {
    many: true,
    any_time: true,
    has_length: true,
    headerless: false,
};
const STEADY: Traits = Traits {
    many: true,
    any_time: false,
    has_length: true,
    headerless: false,
};
const ONE: Traits = Traits {
    many: false,
    any_time: true,
    has_length: true,
    headerless: false,
};
const ONE_STEADY: Traits = Traits {
    many: false,
    any_time: false,
    has_length: true,
    headerless: false,
};
const RAW: Traits = Traits {
    many: false,
    any_time: false,
    has_length: false,
    headerless: false,
};

const BARE: Traits = Traits {
    headerless: true,
    ..RAW
};

const fn row(
    muxer: &'static str,
    endings: &'static [&'static str],
    codecs: [&'static str; 3],
    takes: &'static [&'static str],
    traits: Traits,
) -> Container {
    let [video, audio, subtitle] = codecs;
    Container {
        muxer,
        endings,
        video,
        audio,
        subtitle,
        takes,
        traits,
    }
}

/// Sound or picture alone.
const fn sound(
    muxer: &'static str,
    endings: &'static [&'static str],
    audio: &'static str,
    traits: Traits,
) -> Container {
    row(muxer, endings, ["", audio, ""], &[], traits)
}

const fn picture(
    muxer: &'static str,
    endings: &'static [&'static str],
    video: &'static str,
    traits: Traits,
) -> Container {
    row(muxer, endings, [video, "", ""], &[], traits)
}

const fn text(
    muxer: &'static str,
    endings: &'static [&'static str],
    subtitle: &'static str,
) -> Container {
    row(muxer, endings, ["", "", subtitle], &[], RAW)
}

const MP4: &[&str] = &[
    "hevc", "av1", "vp9", "mpeg4", "mp3", "ac3", "eac3", "opus", "alac",
];
const MOV: &[&str] = &[
    "hevc",
    "mpeg4",
    "prores",
    "dnxhd",
    "mjpeg",
    "dvvideo",
    "qtrle",
    "mp3",
    "ac3",
    "eac3",
    "alac",
    "pcm_s16le",
    "pcm_s24le",
    "pcm_s16be",
    "pcm_s24be",
    "pcm_s32le",
    "pcm_f32le",
];
const MATROSKA: &[&str] = &[
    "hevc",
    "av1",
    "vp8",
    "vp9",
    "mpeg1video",
    "mpeg2video",
    "mpeg4",
    "mjpeg",
    "theora",
    "prores",
    "ffv1",
    "msmpeg4v3",
    "mp2",
    "mp3",
    "ac3",
    "eac3",
    "dts",
    "truehd",
    "opus",
    "vorbis",
    "flac",
    "alac",
    "pcm_s16le",
    "pcm_s24le",
    "pcm_s32le",
    "pcm_f32le",
    "pcm_u8",
    "tta",
    "wavpack",
];
const AVI: &[&str] = &[
    "msmpeg4v3",
    "msmpeg4v2",
    "mjpeg",
    "dvvideo",
    "huffyuv",
    "ffv1",
    "mp2",
    "ac3",
    "pcm_s16le",
    "pcm_u8",
];
const MPEGTS: &[&str] = &["hevc", "mpeg2video", "mp2", "mp3", "ac3", "eac3"];
const PROGRAM: &[&str] = &["mpeg1video", "mp3", "ac3"];
const NUT: &[&str] = &[
    "hevc",
    "vp8",
    "vp9",
    "mpeg2video",
    "mpeg4",
    "mjpeg",
    "ffv1",
    "mp3",
    "mp2",
    "ac3",
    "opus",
    "vorbis",
    "flac",
    "pcm_s16le",
];

/// All containers. Endings come first where several containers share one.
pub(crate) static CONTAINERS: &[Container] = &[
    row(
        "mp4",
        &["mp4", "m4v"],
        ["h264", "aac", "mov_text"],
        MP4,
        MANY,
    ),
    row(
        "mov",
        &["mov", "qt"],
        ["h264", "aac", "mov_text"],
        MOV,
        MANY,
    ),
    row(
        "matroska",
        &["mkv", "mka", "mk3d"],
        ["h264", "aac", "subrip"],
        MATROSKA,
        MANY,
    ),
    row(
        "webm",
        &["webm"],
        ["vp9", "opus", "webvtt"],
        &["vp8", "av1", "vorbis"],
        MANY,
    ),
    row("avi", &["avi"], ["mpeg4", "mp3", ""], AVI, STEADY),
    row(
        "mpegts",
        &["ts", "m2ts", "mts", "m2t"],
        ["h264", "aac", ""],
        MPEGTS,
        MANY,
    ),
    row("flv", &["flv"], ["h264", "aac", ""], &["flv1", "mp3"], ONE),
    row("f4v", &["f4v"], ["h264", "aac", ""], &[], ONE),
    row(
        "3gp",
        &["3gp"],
        ["h264", "aac", "mov_text"],
        &["h263", "mpeg4", "amr_nb", "amr_wb"],
        MANY,
    ),
    row(
        "3g2",
        &["3g2"],
        ["h264", "aac", "mov_text"],
        &["h263", "mpeg4", "amr_nb", "amr_wb"],
        MANY,
    ),
    row(
        "ipod",
        &["m4a", "m4b"],
        ["h264", "aac", ""],
        &["alac", "mpeg4"],
        MANY,
    ),
    row("psp", &["psp"], ["h264", "aac", ""], &[], ONE),
    row("ismv", &["ismv"], ["h264", "aac", ""], &[], MANY),
    row(
        "asf",
        &["wmv", "asf"],
        ["wmv2", "wmav2", ""],
        &["wmv1", "msmpeg4v3", "wmav1"],
        STEADY,
    ),
    row(
        "mpeg",
        &["mpg", "mpeg"],
        ["mpeg2video", "mp2", ""],
        PROGRAM,
        STEADY,
    ),
    row("vob", &["vob"], ["mpeg2video", "mp2", ""], PROGRAM, STEADY),
    row("dvd", &["dvd"], ["mpeg2video", "mp2", ""], PROGRAM, STEADY),
    row("svcd", &["svcd"], ["mpeg2video", "mp2", ""], &[], STEADY),
    row("vcd", &["vcd"], ["mpeg1video", "mp2", ""], &[], STEADY),
    row(
        "ogv",
        &["ogv"],
        ["theora", "vorbis", ""],
        &["vp8", "opus", "flac"],
        STEADY,
    ),
    row(
        "ogg",
        &["ogg", "ogx"],
        ["theora", "vorbis", ""],
        &["vp8", "opus", "flac"],
        STEADY,
    ),
    row(
        "mxf",
        &["mxf"],
        ["mpeg2video", "pcm_s16le", ""],
        &["dnxhd", "pcm_s24le"],
        STEADY,
    ),
    row(
        "gxf",
        &["gxf"],
        ["mpeg2video", "pcm_s16le", ""],
        &[],
        STEADY,
    ),
    row("nut", &["nut"], ["h264", "aac", ""], NUT, MANY),
    row("wtv", &["wtv"], ["mpeg2video", "ac3", ""], &["mp2"], STEADY),
    row("dv", &["dv"], ["dvvideo", "pcm_s16le", ""], &[], ONE_STEADY),
    row("swf", &["swf"], ["flv1", "mp3", ""], &[], RAW),
    row("rm", &["rm"], ["rv10", "ac3", ""], &[], ONE_STEADY),
    row(
        "smjpeg",
        &["smjpeg"],
        ["mjpeg", "pcm_s16le", ""],
        &[],
        ONE_STEADY,
    ),
    row("roq", &["roq"], ["roq", "roq_dpcm", ""], &[], RAW),
    row(
        "film_cpk",
        &["cpk"],
        ["cinepak", "pcm_s16be_planar", ""],
        &[],
        ONE_STEADY,
    ),
    picture("gif", &["gif"], "gif", ONE_STEADY),
    picture("apng", &["apng"], "apng", RAW),
    picture("webp", &["webp"], "webp", BARE),
    picture("avif", &["avif"], "av1", RAW),
    picture("ivf", &["ivf"], "vp9", RAW),
    picture("obu", &["obu"], "av1", RAW),
    picture("h264", &["h264", "264"], "h264", RAW),
    picture("hevc", &["hevc", "h265", "265"], "hevc", RAW),
    picture("m4v", &[], "mpeg4", RAW),
    picture("h261", &["h261"], "h261", RAW),
    picture("h263", &["h263"], "h263", RAW),
    picture("mjpeg", &["mjpeg", "mjpg"], "mjpeg", RAW),
    picture("mpeg1video", &["m1v"], "mpeg1video", RAW),
    picture("mpeg2video", &["m2v"], "mpeg2video", RAW),
    picture("dirac", &["drc", "vc2"], "dirac", RAW),
    picture("dnxhd", &["dnxhd", "dnxhr"], "dnxhd", RAW),
    picture("yuv4mpegpipe", &["y4m"], "wrapped_avframe", RAW),
    picture("rawvideo", &["yuv"], "rawvideo", BARE),
    picture("filmstrip", &["flm"], "rawvideo", BARE),
    row("mp3", &["mp3"], ["", "mp3", ""], &["mp2"], ONE),
    row("flac", &["flac"], ["", "flac", ""], &[], ONE),
    row(
        "wav",
        &["wav"],
        ["", "pcm_s16le", ""],
        &["pcm_s24le", "pcm_s32le", "pcm_f32le", "pcm_u8", "adpcm_ms"],
        ONE,
    ),
    row(
        "w64",
        &["w64"],
        ["", "pcm_s16le", ""],
        &["pcm_s24le", "pcm_s32le", "pcm_f32le"],
        ONE,
    ),
    row(
        "aiff",
        &["aiff", "aif", "aifc"],
        ["", "pcm_s16be", ""],
        &["pcm_s24be", "pcm_s32be"],
        ONE,
    ),
    row(
        "caf",
        &["caf"],
        ["", "pcm_s16be", ""],
        &["pcm_s24be", "pcm_s16le", "pcm_s24le", "alac"],
        ONE,
    ),
    row(
        "au",
        &["au"],
        ["", "pcm_s16be", ""],
        &["pcm_mulaw", "pcm_alaw"],
        ONE,
    ),
    sound("opus", &["opus"], "opus", ONE),
    sound("oga", &["oga"], "flac", ONE),
    sound("spx", &["spx"], "speex", ONE),
    sound("adts", &["aac", "adts"], "aac", RAW),
    sound("latm", &["latm", "loas"], "aac", RAW),
    sound("ac3", &["ac3"], "ac3", RAW),
    sound("eac3", &["eac3"], "eac3", RAW),
    sound("dts", &["dts"], "dts", RAW),
    sound("truehd", &["thd"], "truehd", RAW),
    sound("mlp", &["mlp"], "mlp", RAW),
    sound("mp2", &["mp2", "m2a", "mpa"], "mp2", RAW),
    sound("tta", &["tta"], "tta", ONE),
    sound("wv", &["wv"], "wavpack", ONE),
    sound("amr", &["amr"], "amr_nb", RAW),
    sound("gsm", &["gsm"], "gsm", BARE),
    sound("g722", &["g722"], "adpcm_g722", BARE),
    sound("g726", &[], "adpcm_g726", BARE),
    sound("g726le", &[], "adpcm_g726le", BARE),
    sound("g723_1", &["tco", "rco"], "g723_1", BARE),
    sound("sbc", &["sbc", "msbc"], "sbc", BARE),
    sound("aptx", &["aptx"], "aptx", BARE),
    sound("aptx_hd", &["aptxhd"], "aptx_hd", BARE),
    sound("codec2", &["c2"], "codec2", RAW),
    sound("codec2raw", &[], "codec2", BARE),
    sound("dfpwm", &["dfpwm"], "dfpwm", BARE),
    sound("spdif", &["spdif"], "ac3", RAW),
    sound("voc", &["voc"], "pcm_s16le", ONE),
    sound("sox", &["sox"], "pcm_s32le", ONE),
    sound("ircam", &["sf", "ircam"], "pcm_s16le", ONE),
    sound("ast", &["ast"], "pcm_s16be_planar", ONE),
    sound("adx", &["adx"], "adpcm_adx", ONE),
    sound("mmf", &["mmf"], "adpcm_yamaha", ONE),
    sound("rso", &["rso"], "pcm_u8", RAW),
    sound("wsaud", &["aud"], "adpcm_ima_ws", ONE),
    sound("alp", &["tun"], "adpcm_ima_alp", ONE),
    sound("apm", &["apm"], "adpcm_ima_apm", ONE),
    sound("argo_asf", &[], "adpcm_argo", ONE),
    sound("alaw", &["al"], "pcm_alaw", BARE),
    sound("mulaw", &["ul"], "pcm_mulaw", BARE),
    sound("vidc", &[], "pcm_vidc", BARE),
    sound("f32be", &[], "pcm_f32be", BARE),
    sound("f32le", &[], "pcm_f32le", BARE),
    sound("f64be", &[], "pcm_f64be", BARE),
    sound("f64le", &[], "pcm_f64le", BARE),
    sound("s8", &["sb"], "pcm_s8", BARE),
    sound("s16be", &[], "pcm_s16be", BARE),
    sound("s16le", &["sw"], "pcm_s16le", BARE),
    sound("s24be", &[], "pcm_s24be", BARE),
    sound("s24le", &[], "pcm_s24le", BARE),
    sound("s32be", &[], "pcm_s32be", BARE),
    sound("s32le", &[], "pcm_s32le", BARE),
    sound("u8", &["ub"], "pcm_u8", BARE),
    sound("u16be", &[], "pcm_u16be", BARE),
    sound("u16le", &["uw"], "pcm_u16le", BARE),
    sound("u24be", &[], "pcm_u24be", BARE),
    sound("u24le", &[], "pcm_u24le", BARE),
    sound("u32be", &[], "pcm_u32be", BARE),
    sound("u32le", &[], "pcm_u32le", BARE),
    text("srt", &["srt"], "subrip"),
    text("ass", &["ass", "ssa"], "ass"),
    text("webvtt", &["vtt"], "webvtt"),
    row("ttml", &["ttml"], ["", "", "ttml"], &[], BARE),
];

/// Finds the container that a name or an ending means and that this build writes.
pub(crate) fn find(name: &str, capabilities: &Capabilities) -> Result<&'static Container, Fault> {
    let name = name.trim_start_matches('.').to_ascii_lowercase();
    if let Some(reason) = refused(&name) {
        return Err(Fault::RefusedTarget { name, reason });
    }
    let by_ending = || {
        CONTAINERS
            .iter()
            .find(|row| row.endings.contains(&name.as_str()))
    };
    let by_muxer = || CONTAINERS.iter().find(|row| row.muxer == name);
    // The raw stream m4v shares its name with the ending of MP4, which is what people mean.
    let found = by_ending()
        .or_else(by_muxer)
        .filter(|row| capabilities.has_muxer(row.muxer));
    found.ok_or(Fault::Missing {
        kind: "container",
        name,
    })
}

/// Why a muxer is never written. The list is of 5.1 and 9; what is in neither table is refused as unknown.
pub(crate) fn refused(name: &str) -> Option<&'static str> {
    Some(match name {
        "alsa" | "audiotoolbox" | "caca" | "decklink" | "fbdev" | "opengl" | "oss" | "pulse"
        | "sdl" | "sdl2" | "sndio" | "v4l2" | "video4linux2" | "xv" => "it is a device",
        "asf_stream" | "rtp" | "rtp_mpegts" | "rtsp" | "sap" | "whip" => {
            "it is a network connection"
        }
        "dash" | "hds" | "hls" | "image2" | "segment" | "smoothstreaming" | "ssegment"
        | "stream_segment" | "tee" | "webm_chunk" | "webm_dash_manifest" | "mxf_opatom" => {
            "it writes other files than the one it is given"
        }
        "m3u8" | "mpd" => "it is a list of other files",
        "fifo" | "fifo_test" | "image2pipe" | "mpjpeg" | "data" => {
            "it is a part of other containers"
        }
        "chromaprint" | "crc" | "ffmetadata" | "framecrc" | "framehash" | "framemd5" | "hash"
        | "md5" | "mkvtimestamp_v2" | "null" | "rcwt" | "streamhash" | "uncodedframecrc" => {
            "it holds numbers about a video, not a video"
        }
        "amv" | "kvag" => "FFmpeg fails to write it",
        "a64" | "argo_cvg" | "avm2" | "avs2" | "avs3" | "bit" | "cavsvideo" | "daud" | "fits"
        | "ico" | "ilbc" | "jacosub" | "lrc" | "microdvd" | "mxf_d10" | "oma" | "scc" | "sup"
        | "vc1" | "vc1test" => "FFmpeg has no encoder for it, or it holds no recording",
        _ => return None,
    })
}
