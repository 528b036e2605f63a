//! The error codes of the hub, their names and HTTP statuses, and the two forms their bodies have.
//!
//! The hub writes them (REST answers, twin answers over MQTT); the device reads the body of a twin answer.

use serde_json::{Value, json};

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $number:literal, $status:literal;)*) => {
        /// An error of the hub: its name is what `iothub-errorcode` carries.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        #[non_exhaustive]
        pub enum ErrorCode {
            $($(#[$doc])* $name,)*
        }

        impl ErrorCode {
            /// Every code there is, in order of number.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The number in bodies and logs.
            #[must_use]
            pub fn number(self) -> u32 {
                match self { $(Self::$name => $number,)* }
            }

            /// The name in `iothub-errorcode` and in the old body form.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self { $(Self::$name => stringify!($name),)* }
            }

            /// The HTTP status that goes with it.
            #[must_use]
            pub fn http_status(self) -> u16 {
                match self { $(Self::$name => $status,)* }
            }
        }
    };
}

codes! {
    /// The api-version is unknown.
    InvalidProtocolVersion = 400_001, 400;
    /// A value is bad; also the answer to a bad twin patch over MQTT.
    ArgumentInvalid = 400_004, 400;
    /// An id or a payload has the wrong format.
    IotHubFormatError = 400_006, 400;
    /// The body is no JSON, or not the JSON that was expected.
    DeserializationError = 400_012, 400;
    /// Some of a bulk operation failed.
    BulkRegistryOperationFailure = 400_013, 400;
    /// On the log of a link that another link with the same identity ended.
    ConnectionForcefullyClosedOnNewConnection = 400_027, 400;
    /// Token missing, malformed or badly signed.
    IotHubUnauthorizedAccess = 401_002, 401;
    /// Token expired, or without the right that is needed.
    IotHubUnauthorized = 401_003, 401;
    /// The messages of the day are used up.
    IotHubQuotaExceeded = 403_002, 403;
    /// Fifty cloud-to-device messages are waiting.
    DeviceMaximumQueueDepthExceeded = 403_004, 403;
    /// Ten uploads are open.
    DeviceMaximumActiveFileUploadLimitExceeded = 403_006, 403;
    /// The device is disabled.
    DeviceDisabled = 403_012, 403;
    /// Too many methods wait for this device.
    DeviceMaximumInflightMethodExceeded = 403_800, 403;
    /// No such device.
    DeviceNotFound = 404_001, 404;
    /// No such module.
    ModuleNotFound = 404_010, 404;
    /// Registered, but not connected or not listening for methods.
    DeviceNotOnline = 404_103, 404;
    /// On the log of a link that the other side ended.
    DeviceConnectionClosedRemotely = 404_104, 404;
    /// The id is taken.
    DeviceAlreadyExists = 409_001, 409;
    /// Two links at once, over AMQP.
    LinkCreationConflict = 409_002, 409;
    /// The module id is taken.
    ModuleAlreadyExistsOnDevice = 409_301, 409;
    /// The etag is not the one the hub has.
    PreconditionFailed = 412_001, 412;
    /// The lock of a message is gone.
    DeviceMessageLockLost = 412_002, 412;
    /// The message is larger than allowed.
    MessageTooLarge = 413_001, 413;
    /// The hub is full.
    TooManyDevices = 413_002, 413;
    /// Fifty modules are there.
    TooManyModulesOnDevice = 413_003, 413;
    /// Too many calls of this kind.
    ThrottlingException = 429_001, 429;
    /// The waiting line of throttled calls is full.
    ThrottleBacklogLimitExceeded = 429_002, 429;
    /// The hub failed.
    ServerError = 500_001, 500;
    /// The hub is not available.
    ServiceUnavailable = 503_001, 503;
    /// A partition moved.
    PartitionNotFound = 503_003, 503;
    /// The device did not answer a method in time.
    GatewayTimeout = 504_101, 504;
}

/// An error as the hub hands it to a caller: code and sentence.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{} {}: {message}", code.number(), code.name())]
pub struct ServiceError {
    /// Which error.
    pub code: ErrorCode,
    /// What happened, with the evidence, and what to do.
    pub message: String,
}

impl ServiceError {
    /// An error with its sentence.
    #[must_use]
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }

    /// The old body: registry, twins, and every 401. The Node service SDK reads only this one.
    #[must_use]
    pub fn old_body(&self, tracking_id: &str, timestamp: &str) -> Value {
        json!({
            "Message": format!("ErrorCode:{};{}", self.code.name(), self.message),
            "ExceptionMessage": format!("Tracking ID:{tracking_id}-TimeStamp:{timestamp}"),
        })
    }

    /// The new body: methods. JSON text inside JSON.
    #[must_use]
    pub fn new_body(&self, tracking_id: &str, timestamp_utc: &str, info: Option<&Value>) -> Value {
        let inner = self.mqtt_body(tracking_id, timestamp_utc, info);
        json!({ "Message": inner.to_string(), "ExceptionMessage": "" })
    }

    /// The body of a twin answer over MQTT.
    #[must_use]
    pub fn mqtt_body(&self, tracking_id: &str, timestamp_utc: &str, info: Option<&Value>) -> Value {
        let mut body = json!({
            "errorCode": self.code.number(),
            "trackingId": tracking_id,
            "message": self.message,
            "timestampUtc": timestamp_utc,
        });
        if let (Value::Object(fields), Some(info)) = (&mut body, info) {
            fields.insert("info".to_owned(), info.clone());
        }
        body
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    #[test]
    fn the_number_begins_with_the_http_status() {
        for code in ErrorCode::ALL {
            assert_eq!(code.number() / 1000, u32::from(code.http_status()), "{}", code.name());
        }
    }

    #[test]
    fn the_old_form_is_what_the_node_service_sdk_reads() {
        // PROTOCOL 14.3
        let error = ServiceError::new(ErrorCode::DeviceNotFound, "dev-1");
        let body = error.old_body("abc-G:1", "02/05/2021 10:03:38");
        assert_eq!(body["Message"], "ErrorCode:DeviceNotFound;dev-1");
        assert_eq!(body["ExceptionMessage"], "Tracking ID:abc-G:1-TimeStamp:02/05/2021 10:03:38");
    }

    #[test]
    fn the_new_form_is_json_text_inside_json() {
        let error = ServiceError::new(ErrorCode::DeviceNotOnline, "not connected");
        let body = error.new_body("t", "2024-03-14T09:54:49.6536567Z", Some(&json!({"timeout": "00:00:00"})));
        assert_eq!(body["ExceptionMessage"], "");
        let inner: Value = serde_json::from_str(body["Message"].as_str().unwrap()).unwrap();
        assert_eq!(inner["errorCode"], 404_103);
        assert_eq!(inner["info"]["timeout"], "00:00:00");
    }
}
