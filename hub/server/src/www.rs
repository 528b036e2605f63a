//! The dashboard's files, served from the folder that the build left them in.

use crate::http::write;
use axum::body::Body;
use axum::http::{Method, Request, StatusCode};
use axum::response::{IntoResponse, Response};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tower::ServiceExt;
use tower_http::services::ServeDir;

/// Where the files are.
#[derive(Debug, Clone)]
pub struct Dashboard(Arc<PathBuf>);

impl Dashboard {
    /// Serves this folder; it need not be there yet.
    #[must_use]
    pub fn new(folder: &Path) -> Self {
        Self(Arc::new(folder.to_owned()))
    }

    /// A file, 404, or a page that says how to build the dashboard.
    pub async fn serve(&self, request: Request<Body>) -> Response {
        if !matches!(*request.method(), Method::GET | Method::HEAD) {
            return (StatusCode::METHOD_NOT_ALLOWED, "the dashboard takes GET only\n").into_response();
        }
        let root = request.uri().path() == "/";
        if root && !self.0.join("index.html").is_file() {
            return self.missing().into_response();
        }
        let path = request.uri().path().to_owned();
        match ServeDir::new(&*self.0).oneshot(request).await {
            Ok(response) if response.status() == StatusCode::NOT_FOUND => {
                let text =
                    format!("there is no {path} here: / is the dashboard, docs/hub.md lists the calls");
                write(iothub_hub::Response::not_found(&text))
            }
            Ok(response) => response.map(Body::new),
            Err(never) => match never {},
        }
    }

    fn missing(&self) -> String {
        format!(
            "iothub-local is running.\n\nThe dashboard is not here: there is no index.html in {}.\n\
             Build it with `npm start`, or name its folder with --www DIR or IOTHUB_LOCAL_WWW.\n\n\
             Devices connect to /$iothub/websocket, services use the REST of IoT Hub, tools use /local.\n",
            self.0.display()
        )
    }
}
