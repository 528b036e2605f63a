//! PROTOCOL 3: what a token is, and what the hub makes of it. The signatures are the golden ones of 18.1.

use crate::helpers::{code, configured, refused};
use crate::support::{Bench, Hello, START_MS, VERSION, token};
use iothub_hub::{DEVICE_POLICY_KEY, FIRST_DEVICE_KEY, OWNER_KEY, Policy, Reason, Right, SERVICE_KEY};
use iothub_protocol::sas::Key;
use serde_json::json;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

const SECOND: u64 = START_MS / 1000;
const SR: &str = "localhost%2Fdevices%2Fdevice-1";
/// The keys of 18.1.
const K1: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
const K2: &str = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";
const HOST: &str = "myhub.azure-devices.net";

/// A hub of the vectors, an hour before their tokens end.
fn golden() -> Bench {
    let mut bench = configured(|config| {
        config.host_names = vec![HOST.to_owned()];
        config.first_device = Some(("dev-1".to_owned(), Key::from_base64(K1).unwrap()));
        let all =
            vec![Right::RegistryRead, Right::RegistryWrite, Right::ServiceConnect, Right::DeviceConnect];
        let key = Key::from_base64(K2).unwrap();
        config.policies = vec![
            Policy { name: "iothubowner".into(), key: key.clone(), rights: all },
            Policy { name: "device".into(), key, rights: vec![Right::DeviceConnect] },
        ];
    });
    assert_eq!(bench.local("POST", "/local/clock", r#"{"set":"2024-12-31T23:00:00Z"}"#).0, 200);
    bench
}

fn hello(id: &str, password: String) -> Hello {
    let user_name = format!("{HOST}/{id}/?api-version=2021-04-12");
    Hello { client_id: id.into(), user_name, password, clean: true, keep_alive: 60, will: None }
}

/// A token of 18.1: `sr` as it stands, the signature escaped.
fn vector(sr: &str, signature: &str, skn: &str) -> String {
    let signature = signature.replace('+', "%2B").replace('/', "%2F").replace('=', "%3D");
    format!("SharedAccessSignature sr={sr}&sig={signature}&se=1735689600{skn}")
}

const A: (&str, &str) =
    ("myhub.azure-devices.net%2Fdevices%2Fdev-1", "84pz/m7413TY1U/YMFFamVl5Y4NvmPlv63y66rvYYI0=");
const A2: (&str, &str) =
    ("myhub.azure-devices.net%2fdevices%2fdev-1", "Z/W0pl54eLN1CEmYy7l9kOdksamBg/B1j020VP1dTik=");
const A3: (&str, &str) =
    ("myhub.azure-devices.net/devices/dev-1", "r9zdvgsZsE3suAyJXsd76AAVZZ2juykWMvGX17mmL2g=");
const A4: (&str, &str) =
    ("MyHub.azure-devices.net%2Fdevices%2Fdev-1", "4vSNVEQemT/ux7EEBqgqMPOxRLqfm9UBYNsDezd+6wA=");

/// PROTOCOL 3, String to sign
/// PROTOCOL 3, Signature
/// PROTOCOL 3, Escaping of sr [SX]
#[test]
fn sr_is_signed_as_it_stands_in_all_four_escapings_and_only_so() {
    let mut bench = golden();
    for (sr, signature) in [A, A2, A3, A4] {
        assert_eq!(code(&mut bench, &hello("dev-1", vector(sr, signature, ""))), 0, "{sr}");
    }
    for (sr, signature) in [(A2.0, A.1), (A.0, A2.1), (A3.0, A.1), (A.0, A4.1)] {
        refused(&mut bench, &hello("dev-1", vector(sr, signature, "")), 5, Reason::TokenSignature);
    }
}

/// PROTOCOL 3, Escaping of sr [SX]
#[test]
fn odd_ids_may_be_escaped_strictly_plainly_or_with_mixed_hex() {
    let mut bench = golden();
    let keys =
        json!({"authentication": {"symmetricKey": {"primaryKey": K1, "secondaryKey": ""}}}).to_string();
    assert_eq!(bench.call("PUT", "/devices/a%2Bb%23c%3Fd!(e)", &keys).0, 200);
    assert_eq!(bench.call("PUT", "/devices/a*b'c", &keys).0, 200);
    let below = |id: &str| format!("{HOST}%2Fdevices%2F{id}");
    for (id, sr, signature) in [
        ("a+b#c?d!(e)", "a%2Bb%23c%3Fd%21%28e%29", "3SGmT5eAhDXPcN0Bo751cNc2y8bd2BaMG/GKZ5yANKM="),
        ("a+b#c?d!(e)", "a%2Bb%23c%3Fd!(e)", "vIWlmL5bTxac8gSZJ39QeJ9xHYdgm01PfPGaLDgb6WI="),
        ("a*b'c", "a%2ab%27c", "gRJ0cKTlsoMfBqQBm9ImV5nO8kE4K4+vuCIyDggWy6E="),
    ] {
        assert_eq!(code(&mut bench, &hello(id, vector(&below(sr), signature, ""))), 0, "{sr}");
    }
}

/// PROTOCOL 3, Shape [X]
/// PROTOCOL 3, Server parsing [E]
#[test]
fn fields_come_in_any_order_and_their_names_in_any_case() {
    let mut bench = golden();
    let sig = "84pz%2Fm7413TY1U%2FYMFFamVl5Y4NvmPlv63y66rvYYI0%3D";
    let sr = A.0;
    for fields in [
        format!("sr={sr}&sig={sig}&se=1735689600"),
        format!("sr={sr}&sig={sig}&skn=&se=1735689600"),
        format!("sig={sig}&se=1735689600&sr={sr}"),
        format!("SE=1735689600&Sr={sr}&SIG={sig}&SKN="),
        format!("sr={sr}&sig={sig}&se=1735689600&future=1"),
        format!("sr={sr}&sig={}&se=1735689600", sig.replace("%2F", "%2f").replace("%3D", "%3d")),
    ] {
        let password = format!("SharedAccessSignature {fields}");
        assert_eq!(code(&mut bench, &hello("dev-1", password)), 0, "{fields}");
    }
    for bad in [
        format!("SharedAccessSignature  sr={sr}&sig={sig}&se=1735689600 more"),
        format!("sr={sr}&sig={sig}&se=1735689600"),
        format!("Bearer sr={sr}&sig={sig}&se=1735689600"),
        format!("SharedAccessSignature sr={sr}&se=1735689600"),
        format!("SharedAccessSignature sr={sr}&sig={sig}"),
        format!("SharedAccessSignature sig={sig}&se=1735689600"),
        format!("SharedAccessSignature sr={sr}&sig=%zz&se=1735689600"),
    ] {
        refused(&mut bench, &hello("dev-1", bad), 5, Reason::MalformedToken);
    }
}

/// PROTOCOL 3, se [E]
#[test]
fn se_is_a_number_of_seconds_and_a_fraction_is_signed_as_it_stands() {
    let mut bench = Bench::new();
    let key = Key::from_base64(FIRST_DEVICE_KEY).unwrap();
    let mut with = |se: &str| {
        let sig =
            key.sign(&format!("{SR}\n{se}")).replace('+', "%2B").replace('/', "%2F").replace('=', "%3D");
        let password = format!("SharedAccessSignature sr={SR}&sig={sig}&se={se}");
        let hello = Hello { password, ..bench.hello("device-1", None) };
        let (link, answer) = bench.introduce(&hello);
        (answer.unwrap().0, bench.reason(link))
    };
    assert_eq!(with(&(SECOND + 60).to_string()), (0, None));
    assert_eq!(with(&format!("{}.75", SECOND + 60)), (0, None));
    for bad in ["", "soon", "-1", "1e12", "2027-01-01T00:10:00Z"] {
        assert_eq!(with(bad), (5, Some(Reason::MalformedToken)), "{bad}");
    }
}

/// PROTOCOL 3, sr
/// PROTOCOL 3, Prefix rule [D]
#[test]
fn an_audience_covers_whole_segments_only() {
    let mut bench = Bench::new();
    bench.register("device-10");
    for (sr, fits) in [
        ("localhost%2Fdevices%2Fdevice-1", true),
        ("localhost%2Fdevices", true),
        ("localhost", true),
        ("localhost%2Fdevices%2Fdevice-1%2Fapi-version%3D2016-11-14", true),
        ("localhost%2Fdevices%2Fdevice-1%2F%3Fapi-version%3D2016-11-14", true),
        ("localhost%2Fdevices%2Fdevice", false),
        ("localhost%2Fdev", false),
        ("localhost%2Fdevices%2Fdevice-10", false),
        ("localhost%2Fdevices%2Fdevice-1%2Fmodules%2Fm", false),
        ("localhost%2Fdevices%2Fdevice-1%2Fmessages", false),
        ("localhos", false),
    ] {
        let hello = Hello {
            password: token(sr, DEVICE_POLICY_KEY, SECOND + 60, Some("device")),
            ..bench.hello("device-1", None)
        };
        let want = if fits { (0, None) } else { (5, Some(Reason::TokenAudience)) };
        let (link, answer) = bench.introduce(&hello);
        assert_eq!((answer.unwrap().0, bench.reason(link)), want, "{sr}");
    }
}

/// PROTOCOL 3, Prefix rule [D]
#[test]
fn a_service_token_covers_only_what_lies_below_its_audience() {
    let mut bench = Bench::new();
    bench.register("other");
    let mut status = |sr: &str, path: &str| {
        let password = token(sr, OWNER_KEY, SECOND + 60, Some("iothubowner"));
        let headers = vec![("authorization".to_owned(), password)];
        bench.request("GET", path, VERSION, headers, "").unwrap().status
    };
    for (sr, own, other) in [
        ("localhost", 200, 200),
        ("LocalHost", 200, 200),
        ("localhost%2Fdevices", 200, 200),
        ("localhost/devices/other", 401, 200),
        ("localhost%2Fdevices%2Fdevice-1", 200, 401),
        ("localhost%2Ftwins", 401, 401),
        ("else.net", 401, 401),
    ] {
        assert_eq!(status(sr, "/devices/device-1"), own, "{sr}");
        assert_eq!(status(sr, "/devices/other"), other, "{sr}");
    }
}

/// PROTOCOL 3, skn
#[test]
fn skn_is_absent_empty_or_the_escaped_name_of_a_policy() {
    let mut bench = golden();
    assert_eq!(code(&mut bench, &hello("dev-1", vector(A3.0, A3.1, "&skn="))), 0, "as the C SDK ends");
    let c2 = "pZQGuuUk/a+MlPpCKVu85q7QTNiV/GwR0dLIYYaH3B4=";
    assert_eq!(code(&mut bench, &hello("dev-1", vector(A.0, c2, "&skn=device"))), 0);
    assert_eq!(code(&mut bench, &hello("dev-1", vector(A.0, c2, "&skn=%64evice"))), 0);
    refused(&mut bench, &hello("dev-1", vector(A.0, c2, "&skn=nobody")), 5, Reason::TokenPolicy);
    refused(&mut bench, &hello("dev-1", vector(A.0, c2, "")), 5, Reason::TokenSignature);
    let c = vector(HOST, "YLE6dMxToXbyQ1I3RGX9JnEi1Tzd6aN2+PVszQ6e/iA=", "&skn=iothubowner");
    let headers = vec![("authorization".to_owned(), c)];
    assert_eq!(bench.request("GET", "/devices/dev-1", VERSION, headers, "").unwrap().status, 200);
}

/// PROTOCOL 3, Policies [D]
#[test]
fn each_policy_may_do_what_its_rights_say() {
    let mut bench = Bench::new();
    let calls = [("GET", "/devices/device-1"), ("PUT", "/devices/new"), ("GET", "/twins/device-1")];
    for (policy, want, connack) in [
        ("iothubowner", [200, 200, 200], 0),
        ("service", [401, 401, 200], 5),
        ("device", [401, 401, 401], 0),
        ("registryRead", [200, 401, 401], 5),
        ("registryReadWrite", [200, 200, 401], 5),
    ] {
        let got = calls.map(|(method, path)| bench.call_as(policy, method, path, &[], "{}").status);
        assert_eq!(got, want, "{policy}");
        bench.call_if("DELETE", "/devices/new", "*", "");
        let password = bench.hub.policy_token(policy, 60).unwrap().expose().to_owned();
        let hello = Hello { password, ..bench.hello("device-1", None) };
        assert_eq!(code(&mut bench, &hello), connack, "{policy}");
    }
}

/// PROTOCOL 3, Keys [DE]
#[test]
fn primary_and_secondary_key_are_tried_and_have_16_to_64_bytes() {
    let mut bench = Bench::new();
    let key = |bytes: u8| Key::from_bytes(&vec![bytes; usize::from(bytes)]).to_base64().expose().to_owned();
    let document = |primary: &str, secondary: &str| {
        json!({"authentication": {"symmetricKey": {"primaryKey": primary, "secondaryKey": secondary}}})
            .to_string()
    };
    assert_eq!(bench.call("PUT", "/devices/d", &document(&key(16), &key(64))).0, 200);
    for short_or_long in [15, 65] {
        let (status, error) = bench.call("PUT", "/devices/e", &document(&key(short_or_long), &key(32)));
        assert_eq!((status, crate::helpers::old_name(&error)), (400, "ArgumentInvalid"));
    }
    for (bytes, want) in [(16, 0), (64, 0), (32, 5)] {
        let password = token("localhost%2Fdevices%2Fd", &key(bytes), SECOND + 60, None);
        let hello = Hello { password, ..bench.hello("d", None) };
        assert_eq!(code(&mut bench, &hello), want, "{bytes}");
    }
}

/// PROTOCOL 3, Module key vs device key
#[test]
fn a_module_connects_with_its_own_key_and_a_device_not_with_a_modules() {
    let mut bench = golden();
    let keys = |key: &str| {
        json!({"authentication": {"symmetricKey": {"primaryKey": key, "secondaryKey": ""}}}).to_string()
    };
    assert_eq!(bench.call("PUT", "/devices/dev-1/modules/mod_A", &keys(K1)).0, 200);
    let b = vector(
        "myhub.azure-devices.net%2Fdevices%2Fdev-1%2Fmodules%2Fmod_A",
        "0cEsZXtq4Rauz/JzGP5PlBRTenq2AYtP9JqcgW0RdtM=",
        "",
    );
    assert_eq!(code(&mut bench, &hello("dev-1/mod_A", b.clone())), 0);
    refused(&mut bench, &hello("dev-1", b), 5, Reason::TokenAudience);
    bench.call("PUT", "/devices/dev-1/modules/mod_B", &keys(K2));
    refused(&mut bench, &hello("dev-1/mod_B", vector(A.0, A.1, "")), 5, Reason::TokenSignature);
}

/// PROTOCOL 3, Clock [DE]
#[test]
fn a_token_is_expired_when_its_end_and_five_minutes_have_passed() {
    let mut bench = Bench::new();
    for (ends, want) in [(SECOND - 299, 0), (SECOND - 300, 5)] {
        let password = token(SR, FIRST_DEVICE_KEY, ends, None);
        let hello = Hello { password, ..bench.hello("device-1", None) };
        assert_eq!(code(&mut bench, &hello), want);
    }
    // A clock that goes wrong by more than that makes good tokens bad.
    let good = bench.hello("device-1", None);
    bench.local("POST", "/local/clock", r#"{"advanceSeconds":3900}"#);
    refused(&mut bench, &good, 5, Reason::TokenExpiredAtConnect);
}

/// PROTOCOL 3, Server parsing [E]
#[test]
fn the_host_of_the_audience_has_no_case_and_the_ids_have() {
    let mut bench = Bench::new();
    for (sr, want) in [
        ("LOCALHOST%2Fdevices%2Fdevice-1", 0),
        ("localhost%2Fdevices%2FDevice-1", 5),
        ("localhost%2Fdevices%2FDEVICE-1", 5),
    ] {
        let password = token(sr, FIRST_DEVICE_KEY, SECOND + 60, None);
        let hello = Hello { password, ..bench.hello("device-1", None) };
        assert_eq!(code(&mut bench, &hello), want, "{sr}");
    }
    let password = token(SR, SERVICE_KEY, SECOND + 60, None);
    let hello = Hello { password, ..bench.hello("device-1", None) };
    refused(&mut bench, &hello, 5, Reason::TokenSignature);
}
