//! The user agent of calls that are made by the hundred: put together once, and not for each call as the SDK does, which takes 3 % of an
//! invocation's time.

use aws_runtime::user_agent::UserAgentInterceptor;
use aws_sdk_dynamodb::config::interceptors::{BeforeSerializationInterceptorContextRef, BeforeTransmitInterceptorContextMut};
use aws_sdk_dynamodb::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_dynamodb::error::BoxError;
use aws_smithy_runtime_api::client::interceptors::disable_interceptor;

/// In the place of the SDK's own.
#[derive(Debug)]
pub(super) struct UserAgent(String);

impl UserAgent {
    /// `app` names the caller.
    pub(super) fn of(app: &str) -> UserAgent {
        UserAgent(format!("aws-sdk-rust/1 tablefeed/{} lang/rust app/{app}", env!("CARGO_PKG_VERSION")))
    }
}

impl Intercept for UserAgent {
    fn name(&self) -> &'static str {
        "UserAgent"
    }

    fn read_before_execution(&self, _: &BeforeSerializationInterceptorContextRef<'_>, bag: &mut ConfigBag) -> Result<(), BoxError> {
        bag.interceptor_state().store_put(disable_interceptor::<UserAgentInterceptor>("it is put together once"));
        Ok(())
    }

    fn modify_before_signing(
        &self,
        context: &mut BeforeTransmitInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        context.request_mut().headers_mut().insert("user-agent", self.0.clone());
        Ok(())
    }
}
