//! Where a target begins: the golden vectors of `tests/vectors/`, and some inputs of each form by hand.

use serde_json::Value;
use std::fs;
use std::path::Path;

/// Inputs that a target should know from the start.
///
/// # Panics
/// When a file of vectors is not what it is said to be; its own tests read it too.
#[must_use]
pub fn seeds(target: &str) -> Vec<Vec<u8>> {
    let mut found = match target {
        "bags" => texts(&vectors("bags.json")["bags"], "bag"),
        "sas" => texts(&vectors("sas.json")["tokens"], "token"),
        "connection_strings" => connection_strings(),
        "names" => names(),
        "packets" => packets(&["", "\u{1}\u{1}"]),
        "device" => packets(&["\u{0}\u{1}\u{5}\u{0}\u{0}\u{0}\u{3}\u{f}"]),
        "hub" => packets(&["\u{0}\u{0}\u{3}\u{5}\u{ff}\u{1}\u{0}"]),
        _ => Vec::new(),
    };
    let by_hand = by_hand(target);
    found.extend(by_hand.iter().map(|text| text.as_bytes().to_vec()));
    found
}

fn vectors(name: &str) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/vectors").join(name);
    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn texts(rows: &Value, field: &str) -> Vec<Vec<u8>> {
    let rows = rows.as_array().map_or(&[][..], Vec::as_slice);
    rows.iter().filter_map(|row| Some(row[field].as_str()?.as_bytes().to_vec())).collect()
}

fn packets(before: &[&str]) -> Vec<Vec<u8>> {
    let rows = vectors("packets.json");
    let hex = texts(&rows["packets"], "hex");
    before.iter().flat_map(|before| hex.iter().map(|hex| joined(before, &bytes_of(hex)))).collect()
}

fn joined(before: &str, behind: &[u8]) -> Vec<u8> {
    [before.as_bytes(), behind].concat()
}

fn bytes_of(hex: &[u8]) -> Vec<u8> {
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    hex.chunks_exact(2).filter_map(|pair| Some(digit(pair[0])? << 4 | digit(pair[1])?)).collect()
}

fn connection_strings() -> Vec<Vec<u8>> {
    let rows = vectors("sas.json");
    let keys = texts(&rows["vectors"], "key");
    keys.iter().map(|key| joined("HostName=h.example;DeviceId=d;ModuleId=m;SharedAccessKey=", key)).collect()
}

fn names() -> Vec<Vec<u8>> {
    let rows = vectors("packets.json");
    let rows = rows["packets"].as_array().map_or(&[][..], Vec::as_slice);
    rows.iter().filter_map(|row| Some(row["fields"]["userName"].as_str()?.as_bytes().to_vec())).collect()
}

fn by_hand(target: &str) -> &'static [&'static str] {
    match target {
        "connection_strings" => &[
            "HostName=localhost;DeviceId=d;SharedAccessKey=AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=;UseLocalHub=true;Port=4280",
            "HostName=h.example;DeviceId=d;SharedAccessSignature=SharedAccessSignature sr=a&sig=b&se=1;GatewayHostName=edge",
            "HostName=h.example;SharedAccessKeyName=iothubowner;SharedAccessKey=AAEC",
            "HostName=h.example;DeviceId=d;x509=true",
        ],
        "names" => &[
            "h.net/d/?api-version=2021-04-12&model-id=dtmi:a;1&DeviceClientType=x%20y",
            "d\nm",
            "2027-01-01T00:00:00.000Z",
            "2027-01-01T00:00:00+01:00",
        ],
        "bags" => &[
            "a=b&c&d=",
            "devices/d/messages/events/a=1",
            "$iothub/twin/res/200/?$rid=1&$version=2",
            "?x=%zz",
        ],
        "twin_patches" => &[
            "{\"a\":{\"b\":1}}\n{\"a\":{\"b\":null,\"c\":[1,{\"d\":\"x\"}]}}\n{\"a\":1}",
            "{\"n\":4503599627370496}\n{\"a.b\":1}\n[1]\nnull\n{\"a\":[null]}",
            "{\"e\":1e400,\"f\":-0.5e-3,\"u\":\"\\ud83d\\ude00\\u00e4\"}",
        ],
        "rest" => &[
            "PUT /devices/d?api-version=2021-04-12\n{\"deviceId\":\"d\",\"status\":\"enabled\",\"authentication\":{\"type\":\"sas\"}}\n---\nGET /devices/d?api-version=2021-04-12\n---\nDELETE /devices/d?api-version=2021-04-12\n@if-match: *\n",
            "PATCH /twins/device-1?api-version=2021-04-12\n@if-match: \"AAAAAAAAAAE=\"\n{\"tags\":{\"a\":1},\"properties\":{\"desired\":{\"b\":{\"c\":[1]}}}}\n---\nPUT /twins/device-1?api-version=2021-04-12\n{\"tags\":{}}",
            "POST /devices?api-version=2021-04-12\n[{\"id\":\"x\",\"importMode\":\"create\"},{\"id\":\"x\",\"importMode\":\"delete\"}]",
            "POST /twins/device-1/methods?api-version=2021-04-12\n{\"methodName\":\"f\",\"payload\":1,\"responseTimeoutInSeconds\":5,\"connectTimeoutInSeconds\":5}",
            "POST /local/devices/device-1/messages\n{\"body\":\"x\",\"ack\":\"full\",\"expiryTimeUtc\":\"2027-01-01T00:00:01Z\",\"properties\":{\"a\":null}}\n---\nGET /messages/serviceBound/feedback?api-version=2021-04-12",
            "POST /local/faults\n{\"kind\":\"throttle\",\"ms\":1,\"closeAfterMs\":1,\"count\":1,\"forMs\":1}\n---\nGET /local/faults\n---\nDELETE /local/faults/1",
            "POST /local/clock\n{\"set\":\"2030-01-01T00:00:00Z\",\"advanceSeconds\":-5,\"stopped\":true}\n---\nPOST /local/tokens\n{\"deviceId\":\"device-1\",\"seconds\":60}",
            "GET /local/export\n---\nPOST /local/import\n{\"devices\":[{\"deviceId\":\"a\",\"tags\":{\"x\":1},\"messages\":[],\"session\":[[\"$iothub/twin/res/#\",1]]}]}",
            "!GET /devices/device-1?api-version=2021-04-12\n---\nGET /local/log?lastEventId=1&types=twin,c2d\n@last-event-id: 3\n@origin: http://localhost\n---\nGET /statistics/devices?api-version=2021-04-12",
        ],
        "queries" => &[
            "SELECT * FROM devices",
            "SELECT * FROM devices WHERE tags.t >= 1 AND NOT (properties.desired.a IN ['text', -1.5])",
            "SELECT * FROM devices WHERE IS_DEFINED(tags.s) OR STARTSWITH(tags.s, 'x')",
            "SELECT deviceId AS id, tags.t FROM devices WHERE tags.s = 'it''s'",
            "SELECT COUNT() AS n FROM devices GROUP BY tags.t",
            "SELECT * FROM devices.modules WHERE moduleId NIN ['x', null, true]",
        ],
        "device" => &[
            "\u{1f}\u{1}\u{5}\u{0}\u{0}\u{0}\u{1b}\u{0}\u{1}a\u{1}b\u{0}\u{0}\u{3}xyz\u{9}\u{0}\u{0}",
            "\u{18}\u{1}\u{5}\u{0}\u{0}\u{0}\u{6}\u{0}\u{0}\u{0}\u{0}\u{0}\u{a}\u{0}\u{0}\u{0}\u{0}",
        ],
        "hub" => &[
            "\u{0}\u{1}\u{4}\u{c}\u{1}\u{0}\u{0}\u{2}\u{0}\u{0}\u{8}\u{1}\u{1}\u{9}",
            "\u{0}\u{0}\u{4}\u{2}\u{1}\u{8}\u{1}\u{7f}\u{6}\u{0}\u{4}\u{0}",
        ],
        _ => &[""],
    }
}
