//! Connections to others: over TLS where a URL asks for it, with the machine's certificates.

use std::io;
use std::sync::Arc;

use hyper_rustls::{ConfigBuilderExt, HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use rustls::{ClientConfig, RootCertStore};

/// A connector for `https` and `http` over one that knows TCP. The machine's certificates are read only if `secure`; without them every
/// `https` URL is refused.
pub fn https<R>(mut connector: HttpConnector<R>, secure: bool) -> io::Result<HttpsConnector<HttpConnector<R>>> {
    connector.enforce_http(false);
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().map_err(io::Error::other)?;
    let config = if secure { config.with_native_roots()? } else { config.with_root_certificates(RootCertStore::empty()) };
    let builder = HttpsConnectorBuilder::new().with_tls_config(config.with_no_client_auth()).https_or_http().enable_http1();
    Ok(builder.wrap_connector(connector))
}
