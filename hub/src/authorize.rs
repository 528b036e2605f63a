//! Who may call the service REST: a token of a shared access policy that has the right for the call.

use crate::config::Right;
use crate::hub::Hub;
use iothub_protocol::sas::Token;
use iothub_protocol::service_error::{ErrorCode, ServiceError};
use iothub_protocol::time::format_millis;

impl Hub {
    /// Checks the `Authorization` header of a service call on a path for a right.
    pub(crate) fn authorize(
        &self,
        header: Option<&str>,
        path: &str,
        right: Right,
    ) -> Result<(), ServiceError> {
        let refused = |text: String| Err(ServiceError::new(ErrorCode::IotHubUnauthorizedAccess, text));
        let Some(text) = header else {
            return refused(
                "the Authorization header is missing: send a token of a shared access policy".to_owned(),
            );
        };
        let token = match Token::parse(text) {
            Ok(token) => token,
            Err(error) => return refused(error.to_string()),
        };
        if !self.config.audience_host(&token).is_some_and(|host| token.covers_path(&host, path)) {
            return refused(format!(
                "the token is for \"{}\", wanted is {} or {path} below it",
                token.audience(),
                self.config.host_name()
            ));
        }
        let Some(policy) = token.policy().and_then(|name| self.config.policy(name)) else {
            return refused(format!(
                "the token names no policy of this hub (skn={})",
                token.policy().unwrap_or("")
            ));
        };
        if !token.is_signed_by([&policy.key]) {
            return refused(format!(
                "the token's signature was not made with the key of policy \"{}\"",
                policy.name
            ));
        }
        self.check_grant(&token, policy.rights.contains(&right), &policy.name, right)
    }

    fn check_grant(
        &self,
        token: &Token,
        granted: bool,
        policy: &str,
        right: Right,
    ) -> Result<(), ServiceError> {
        let ends = token.expires().saturating_mul(1000);
        if ends.saturating_add(self.config.sas_skew_ms) <= self.wall_ms() {
            let text = format!("the token ended {}", format_millis(ends.cast_signed()));
            return Err(ServiceError::new(ErrorCode::IotHubUnauthorized, text));
        }
        if !granted {
            let text = format!("policy \"{policy}\" has no right {}", right.name());
            return Err(ServiceError::new(ErrorCode::IotHubUnauthorized, text));
        }
        Ok(())
    }
}
