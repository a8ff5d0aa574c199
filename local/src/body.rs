//! The body of an answer: whole, streamed from the engine, or one that breaks off half way.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use http_body_util::Full;
use hyper::body::{Body, Bytes, Frame, Incoming, SizeHint};

pub(crate) enum Answer {
    Whole(Full<Bytes>),
    Engine(Incoming),
    Cut(Cut),
}

/// Announces `announced` bytes, sends `half` of them, then fails, which makes the server drop the connection.
pub(crate) struct Cut {
    announced: u64,
    half: Option<Bytes>,
    flushed: bool,
}

impl Answer {
    pub(crate) fn whole(bytes: Bytes) -> Answer {
        Answer::Whole(Full::new(bytes))
    }

    pub(crate) fn cut(bytes: &Bytes) -> Answer {
        Answer::Cut(Cut { announced: bytes.len() as u64, half: Some(bytes.slice(..bytes.len() / 2)), flushed: false })
    }
}

impl Cut {
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        if let Some(half) = self.half.take() {
            return Poll::Ready(Some(Ok(Frame::data(half))));
        }
        if !self.flushed {
            // The server sends what it holds only while the body has nothing to say.
            self.flushed = true;
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        Poll::Ready(Some(Err(io::Error::new(io::ErrorKind::ConnectionAborted, "cut on purpose"))))
    }
}

impl Body for Answer {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        match self.get_mut() {
            Answer::Whole(body) => Pin::new(body).poll_frame(cx).map_err(|never| match never {}),
            Answer::Engine(body) => Pin::new(body).poll_frame(cx).map_err(io::Error::other),
            Answer::Cut(cut) => cut.poll(cx),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Answer::Whole(body) => body.is_end_stream(),
            Answer::Engine(body) => body.is_end_stream(),
            Answer::Cut(_) => false,
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Answer::Whole(body) => body.size_hint(),
            Answer::Engine(body) => body.size_hint(),
            Answer::Cut(cut) => SizeHint::with_exact(cut.announced),
        }
    }
}
