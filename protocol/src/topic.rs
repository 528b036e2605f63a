//! The hub's topics, both ways: what a device publishes, what the hub publishes, what may be subscribed to.
//!
//! The device writes [`DeviceTopic`]s and reads [`HubTopic`]s; the hub does the opposite. Topic words are exact
//! in case. Request ids are opaque text: they are cut out of a topic and echoed, never read as a number.

// Numbers are read as u64 throughout: each type has a reader of its own, and a page downloads them all.
use crate::identity::Identity;
use std::fmt::Write as _;

/// What a device may publish.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeviceTopic<'t> {
    /// `devices/{d}[/modules/{m}]/messages/events/{bag}`.
    Telemetry {
        /// The device in the topic; the hub closes the link when it is another one.
        device: &'t str,
        /// The module in the topic.
        module: Option<&'t str>,
        /// The property bag, still encoded.
        bag: &'t str,
    },
    /// `$iothub/twin/GET/?$rid={rid}`.
    TwinGet {
        /// The request id, as written.
        rid: &'t str,
    },
    /// `$iothub/twin/PATCH/properties/reported/?$rid={rid}[&$version={n}]`.
    ReportedPatch {
        /// The request id, as written.
        rid: &'t str,
        /// Apply only to this version of the reported section.
        version: Option<u64>,
    },
    /// `$iothub/methods/res/{status}/?$rid={rid}`.
    MethodAnswer {
        /// The status that the caller of the method gets.
        status: i32,
        /// The request id, as the hub wrote it.
        rid: &'t str,
    },
}

/// Why a topic or filter is not one of the hub's. The hub closes the link for each of these.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TopicError {
    /// Not one of the documented topics.
    #[error("the hub knows no such topic")]
    Unknown,
    /// A request without `$rid`.
    #[error("the topic has no $rid")]
    NoRequestId,
    /// The status of a method answer is not a whole number.
    #[error("the status in a method answer's topic is not a whole number")]
    BadStatus,
    /// `$version` is not a number.
    #[error("the $version in the topic is not a number")]
    BadVersion,
}

impl<'t> DeviceTopic<'t> {
    /// Reads what a device published to.
    ///
    /// # Errors
    /// [`TopicError`] when it is none of the documented topics.
    pub fn parse(topic: &'t str) -> Result<Self, TopicError> {
        if let Some(rest) = topic.strip_prefix("devices/") {
            return Self::parse_telemetry(rest).ok_or(TopicError::Unknown);
        }
        let rest = topic.strip_prefix("$iothub/").ok_or(TopicError::Unknown)?;
        if let Some(query) = rest.strip_prefix("twin/GET/") {
            return Ok(Self::TwinGet { rid: rid(asked(query)?)? });
        }
        if let Some(query) = rest.strip_prefix("twin/PATCH/properties/reported/") {
            return Ok(Self::ReportedPatch { rid: rid(asked(query)?)?, version: version(query)? });
        }
        let (status, query) =
            rest.strip_prefix("methods/res/").and_then(|r| r.split_once('/')).ok_or(TopicError::Unknown)?;
        let status = status.parse().ok().filter(|_| !status.starts_with('+')).ok_or(TopicError::BadStatus)?;
        Ok(Self::MethodAnswer { status, rid: rid(asked(query)?)? })
    }

    fn parse_telemetry(rest: &'t str) -> Option<Self> {
        let (device, rest) = rest.split_once('/')?;
        let (module, rest) = match rest.strip_prefix("modules/") {
            Some(rest) => {
                let (module, rest) = rest.split_once('/')?;
                (Some(module), rest)
            }
            None => (None, rest),
        };
        let bag = match rest.strip_prefix("messages/events")? {
            "" => "",
            // The .NET SDK writes one more `/` behind the bag.
            rest => rest.strip_prefix('/').map(|bag| bag.strip_suffix('/').unwrap_or(bag))?,
        };
        if device.is_empty() || bag.contains('/') {
            return None;
        }
        Some(Self::Telemetry { device, module, bag })
    }
}

/// Where an identity's telemetry goes, up to and with the `/` before the bag.
#[must_use]
pub fn telemetry_prefix(identity: &Identity) -> String {
    match identity.module() {
        Some(module) => ["devices/", &identity.device_id, "/modules/", module, "/messages/events/"].concat(),
        None => ["devices/", &identity.device_id, "/messages/events/"].concat(),
    }
}

/// The topic of a twin read.
#[must_use]
pub fn twin_get(rid: u32) -> String {
    format!("$iothub/twin/GET/?$rid={rid}")
}

/// The topic of a reported patch.
#[must_use]
pub fn reported_patch(rid: u32) -> String {
    format!("$iothub/twin/PATCH/properties/reported/?$rid={rid}")
}

/// The topic of a method's answer; `rid` is echoed as it came.
#[must_use]
pub fn method_answer(status: i32, rid: &str) -> String {
    format!("$iothub/methods/res/{status}/?$rid={rid}")
}

/// What the hub publishes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HubTopic<'t> {
    /// `devices/{d}/messages/devicebound/{bag}`.
    C2d {
        /// The property bag, still encoded.
        bag: &'t str,
    },
    /// `devices/{d}/modules/{m}/inputs/{input}/{bag}`; only an Edge hub sends these.
    ModuleInput {
        /// The input's name, still encoded.
        input: &'t str,
        /// The property bag, still encoded.
        bag: &'t str,
    },
    /// `$iothub/twin/res/{status}/?$rid={rid}[&$version={n}]`.
    TwinAnswer {
        /// 200 for a read, 204 for a patch, else an error.
        status: u16,
        /// The request id of the question.
        rid: &'t str,
        /// The new version of the reported section; an Edge hub leaves it out.
        version: Option<u64>,
    },
    /// `$iothub/twin/PATCH/properties/desired/?$version={n}`.
    DesiredPatch {
        /// The version that the patch leads to.
        version: Option<u64>,
    },
    /// `$iothub/methods/POST/{name}/?$rid={rid}`.
    MethodRequest {
        /// The method's name.
        name: &'t str,
        /// The request id to echo.
        rid: &'t str,
    },
}

impl<'t> HubTopic<'t> {
    /// Reads what the hub published; none for a topic that no hub sends.
    #[must_use]
    pub fn parse(topic: &'t str) -> Option<Self> {
        if let Some(rest) = topic.strip_prefix("$iothub/") {
            return Self::parse_iothub(rest);
        }
        let (_device, rest) = topic.strip_prefix("devices/")?.split_once('/')?;
        if let Some(rest) = strip_prefix_ignoring_case(rest, "messages/devicebound") {
            return match rest.strip_prefix('/') {
                Some(bag) => Some(Self::C2d { bag }),
                None if rest.is_empty() => Some(Self::C2d { bag: "" }),
                None => None,
            };
        }
        let (_module, rest) = rest.strip_prefix("modules/")?.split_once('/')?;
        let rest = rest.strip_prefix("inputs/")?;
        let (input, bag) = rest.split_once('/').unwrap_or((rest, ""));
        Some(Self::ModuleInput { input, bag })
    }

    fn parse_iothub(rest: &'t str) -> Option<Self> {
        if let Some(rest) = rest.strip_prefix("twin/res/") {
            let (status, query) = rest.split_once('/')?;
            return Some(Self::TwinAnswer {
                status: status.parse::<u64>().ok().and_then(|status| u16::try_from(status).ok())?,
                rid: rid(query).ok()?,
                version: version(query).ok()?,
            });
        }
        if let Some(query) = rest.strip_prefix("twin/PATCH/properties/desired/") {
            return Some(Self::DesiredPatch { version: version(query).ok()? });
        }
        let (name, query) = rest.strip_prefix("methods/POST/")?.split_once('/')?;
        Some(Self::MethodRequest { name, rid: rid(query).ok()? })
    }
}

/// The case of `devicebound` follows the sender's SDK in places; the rest of a topic is exact.
fn strip_prefix_ignoring_case<'t>(text: &'t str, prefix: &str) -> Option<&'t str> {
    let head = text.get(..prefix.len())?;
    if head.eq_ignore_ascii_case(prefix) { text.get(prefix.len()..) } else { None }
}

/// The topic of a C2D message.
#[must_use]
pub fn c2d(device_id: &str, bag: &str) -> String {
    format!("devices/{device_id}/messages/devicebound/{bag}")
}

/// The topic of a twin answer; `rid` is echoed as it came.
#[must_use]
pub fn twin_answer(status: u16, rid: &str, version: Option<u64>) -> String {
    let mut topic = format!("$iothub/twin/res/{status}/?$rid={rid}");
    if let Some(version) = version {
        // Writing to a String can not fail.
        let _ = write!(topic, "&$version={version}");
    }
    topic
}

/// The topic of a desired patch.
#[must_use]
pub fn desired_patch(version: u64) -> String {
    format!("$iothub/twin/PATCH/properties/desired/?$version={version}")
}

/// The topic of a method request.
#[must_use]
pub fn method_request(name: &str, rid: &str) -> String {
    format!("$iothub/methods/POST/{name}/?$rid={rid}")
}

/// What a device may subscribe to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Filter<'t> {
    /// `devices/{d}/messages/devicebound/#`; `+` may stand for the device's id.
    C2d {
        /// The device in the filter, or `+`.
        device: &'t str,
    },
    /// `devices/{d}/modules/{m}/messages/devicebound/#`, as the Java SDK subscribes for a module.
    ModuleC2d {
        /// The device in the filter, or `+`.
        device: &'t str,
        /// The module in the filter, or `+`.
        module: &'t str,
    },
    /// `devices/{d}/modules/{m}/inputs/#`, or the older `devices/{d}/modules/{m}/#`.
    ModuleInputs {
        /// The device in the filter, or `+`.
        device: &'t str,
        /// The module in the filter, or `+`.
        module: &'t str,
    },
    /// `$iothub/twin/res/#`.
    TwinAnswers,
    /// `$iothub/twin/PATCH/properties/desired/#`.
    DesiredPatches,
    /// `$iothub/methods/POST/#`.
    Methods,
}

impl<'t> Filter<'t> {
    /// Reads a filter of a SUBSCRIBE or UNSUBSCRIBE; none for one that the hub does not know.
    #[must_use]
    pub fn parse(filter: &'t str) -> Option<Self> {
        match filter {
            "$iothub/twin/res/#" => return Some(Self::TwinAnswers),
            "$iothub/twin/PATCH/properties/desired/#" => return Some(Self::DesiredPatches),
            "$iothub/methods/POST/#" => return Some(Self::Methods),
            _ => {}
        }
        let (device, rest) = filter.strip_prefix("devices/")?.split_once('/')?;
        if rest.eq_ignore_ascii_case("messages/devicebound/#") {
            return Some(Self::C2d { device });
        }
        let (module, rest) = rest.strip_prefix("modules/")?.split_once('/')?;
        if rest.eq_ignore_ascii_case("messages/devicebound/#") {
            return Some(Self::ModuleC2d { device, module });
        }
        matches!(rest, "#" | "inputs/#").then_some(Self::ModuleInputs { device, module })
    }

    /// The filter as a device writes it.
    #[must_use]
    pub fn write(&self) -> String {
        match self {
            Self::C2d { device } => format!("devices/{device}/messages/devicebound/#"),
            Self::ModuleC2d { device, module } => {
                format!("devices/{device}/modules/{module}/messages/devicebound/#")
            }
            Self::ModuleInputs { device, module } => format!("devices/{device}/modules/{module}/inputs/#"),
            Self::TwinAnswers => "$iothub/twin/res/#".to_owned(),
            Self::DesiredPatches => "$iothub/twin/PATCH/properties/desired/#".to_owned(),
            Self::Methods => "$iothub/methods/POST/#".to_owned(),
        }
    }
}

fn query_field<'t>(query: &'t str, name: &str) -> Option<&'t str> {
    query.strip_prefix('?').unwrap_or(query).split('&').find_map(|f| f.strip_prefix(name)?.strip_prefix('='))
}

/// What a device asks stands behind a `?`.
fn asked(query: &str) -> Result<&str, TopicError> {
    query.strip_prefix('?').ok_or(TopicError::NoRequestId)
}

fn rid(query: &str) -> Result<&str, TopicError> {
    query_field(query, "$rid").filter(|rid| !rid.is_empty()).ok_or(TopicError::NoRequestId)
}

fn version(query: &str) -> Result<Option<u64>, TopicError> {
    query_field(query, "$version").map(|n| n.parse().map_err(|_| TopicError::BadVersion)).transpose()
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    #[test]
    fn telemetry_is_read_with_and_without_its_slashes() {
        for (topic, want) in [
            ("devices/d/messages/events", ""),
            ("devices/d/messages/events/", ""),
            ("devices/d/messages/events/a=1&b", "a=1&b"),
            ("devices/d/messages/events/a=1/", "a=1"),
        ] {
            let Ok(DeviceTopic::Telemetry { device: "d", module: None, bag }) = DeviceTopic::parse(topic)
            else {
                panic!("{topic}");
            };
            assert_eq!(bag, want);
        }
        assert_eq!(
            DeviceTopic::parse("devices/d/modules/m/messages/events/%24.on=out/"),
            Ok(DeviceTopic::Telemetry { device: "d", module: Some("m"), bag: "%24.on=out" })
        );
    }

    #[test]
    fn unknown_topics_are_named_as_such() {
        for topic in [
            "",
            "devices/d/message/events/",
            "devices/d/messages/events/a/b",
            "devices//messages/events/",
            "x",
            "$iothub/x",
        ] {
            assert_eq!(DeviceTopic::parse(topic), Err(TopicError::Unknown), "{topic}");
        }
        assert_eq!(DeviceTopic::parse("$iothub/twin/GET/"), Err(TopicError::NoRequestId));
        assert_eq!(DeviceTopic::parse("$iothub/methods/res/ok/?$rid=1"), Err(TopicError::BadStatus));
    }

    #[test]
    fn trap_8_a_request_id_is_text() {
        assert_eq!(
            HubTopic::parse("$iothub/methods/POST/reboot/?$rid=1f"),
            Some(HubTopic::MethodRequest { name: "reboot", rid: "1f" })
        );
        assert_eq!(method_answer(200, "1f"), "$iothub/methods/res/200/?$rid=1f");
    }

    #[test]
    fn query_fields_come_in_any_order() {
        let read = HubTopic::parse("$iothub/twin/res/204/?$version=8&$rid=a-b");
        assert_eq!(read, Some(HubTopic::TwinAnswer { status: 204, rid: "a-b", version: Some(8) }));
    }

    #[test]
    fn what_the_device_writes_the_hub_reads() {
        assert_eq!(DeviceTopic::parse(&twin_get(7)), Ok(DeviceTopic::TwinGet { rid: "7" }));
        assert_eq!(
            DeviceTopic::parse(&reported_patch(8)),
            Ok(DeviceTopic::ReportedPatch { rid: "8", version: None })
        );
        assert_eq!(
            DeviceTopic::parse(&method_answer(-1, "x")),
            Ok(DeviceTopic::MethodAnswer { status: -1, rid: "x" })
        );
        for filter in [
            Filter::C2d { device: "d" },
            Filter::ModuleC2d { device: "d", module: "m" },
            Filter::ModuleInputs { device: "d", module: "m" },
            Filter::TwinAnswers,
            Filter::DesiredPatches,
            Filter::Methods,
        ] {
            assert_eq!(Filter::parse(&filter.write()), Some(filter));
        }
    }

    #[test]
    fn what_the_hub_writes_the_device_reads() {
        assert_eq!(HubTopic::parse(&c2d("d", "a=1")), Some(HubTopic::C2d { bag: "a=1" }));
        assert_eq!(HubTopic::parse("devices/d/messages/deviceBound/"), Some(HubTopic::C2d { bag: "" }));
        assert_eq!(HubTopic::parse(&desired_patch(4)), Some(HubTopic::DesiredPatch { version: Some(4) }));
        assert_eq!(
            HubTopic::parse(&twin_answer(200, "9", None)),
            Some(HubTopic::TwinAnswer { status: 200, rid: "9", version: None })
        );
        assert_eq!(
            HubTopic::parse("devices/d/modules/m/inputs/in1/%24.cdid=d"),
            Some(HubTopic::ModuleInput { input: "in1", bag: "%24.cdid=d" })
        );
    }

    #[cfg(not(target_arch = "wasm32"))]
    proptest::proptest! {
        #[test]
        fn reading_never_panics(topic in "(devices/|\\$iothub/|twin/|methods/|res/|POST/|PATCH/|/|\\?|\\$rid=|&|é|[a-z0-9])*") {
            let _ = DeviceTopic::parse(&topic);
            let _ = HubTopic::parse(&topic);
            let _ = Filter::parse(&topic);
        }
    }
}
