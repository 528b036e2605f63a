//! The hub's numbers. Each names its source in PROTOCOL terms: Microsoft's documentation unless said otherwise.

/// Largest device-to-cloud message in bytes: body, values of system properties, names and values of
/// application properties.
pub const D2C_MESSAGE_BYTES: usize = 256 * 1024;
/// Largest cloud-to-device message in bytes, counted the same way.
pub const C2D_MESSAGE_BYTES: usize = 64 * 1024;
/// Cloud-to-device messages waiting per device; the next send is refused with 403004.
pub const C2D_QUEUE: usize = 50;
/// Largest method request or answer in bytes, each.
pub const METHOD_PAYLOAD_BYTES: usize = 128 * 1024;
/// Longest device, module or message id in characters.
pub const ID_CHARS: usize = 128;
/// Longest topic in bytes (MQTT 3.1.1, 1.5.3: a two-byte length).
pub const TOPIC_BYTES: usize = 65_535;
/// Topics a device may hold subscriptions for at one time.
pub const SUBSCRIPTIONS: usize = 5;
/// The hub closes a link after 1.5 times the keep-alive without a packet, but never later than this, in seconds.
pub const KEEP_ALIVE_CEILING_SECONDS: u64 = 1767;
/// The largest keep-alive in seconds whose 1.5 times stays below the ceiling.
pub const KEEP_ALIVE_MAX_SECONDS: u16 = 1177;
/// How far a clock may be off, in seconds, before a token is refused.
pub const CLOCK_SKEW_SECONDS: u64 = 300;
/// Largest `desired` and `reported` section of a twin in bytes, each.
pub const TWIN_SECTION_BYTES: usize = 32 * 1024;
/// Largest `tags` section of a twin in bytes.
pub const TWIN_TAGS_BYTES: usize = 8 * 1024;
/// Deepest nesting under `tags`, `desired` or `reported`.
pub const TWIN_DEPTH: usize = 10;
/// Longest property name in a twin in bytes.
pub const TWIN_KEY_BYTES: usize = 1024;
/// Longest string value in a twin in bytes.
pub const TWIN_STRING_BYTES: usize = 4 * 1024;
/// Smallest integer in a twin.
pub const TWIN_INTEGER_MIN: i64 = -4_503_599_627_370_496;
/// Largest integer in a twin.
pub const TWIN_INTEGER_MAX: i64 = 4_503_599_627_370_495;
/// Modules per device.
pub const MODULES_PER_DEVICE: usize = 50;
/// Shortest key in bytes, decoded.
pub const KEY_BYTES_MIN: usize = 16;
/// Longest key in bytes, decoded.
pub const KEY_BYTES_MAX: usize = 64;
/// Largest CONNECT that the hub reads, in bytes: a will with its topic, a long user name, and room for the rest.
pub const CONNECT_BYTES: usize = 3 * TOPIC_BYTES + 16 * 1024;
/// Largest MQTT packet that the hub reads, in bytes: a full message, its topic, and some room.
pub const PACKET_BYTES: usize = D2C_MESSAGE_BYTES + TOPIC_BYTES + 1024;
