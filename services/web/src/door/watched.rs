//! A connection's bytes, watched: that they move is noted, and a client that does not read is given up.

use super::limits::MIN_READ;
use super::places::Activity;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Sleep;

/// A stream whose writes end with an error when the other side does not read.
pub struct Watched<S> {
    stream: S,
    activity: Arc<Activity>,
    patience: Duration,
    /// Runs while the other side holds us up.
    held_up: Option<Pin<Box<Sleep>>>,
    /// What it has read since then, in bytes.
    read: usize,
}

impl<S> Watched<S> {
    /// Watches a stream, and gives it up when [`MIN_READ`] bytes are not read within `patience`.
    pub fn new(stream: S, activity: Arc<Activity>, patience: Duration) -> Self {
        Self {
            stream,
            activity,
            patience,
            held_up: None,
            read: 0,
        }
    }

    fn after_write(
        &mut self,
        cx: &mut Context<'_>,
        written: Poll<io::Result<usize>>,
    ) -> Poll<io::Result<usize>> {
        match written {
            Poll::Ready(Ok(bytes)) => {
                self.activity.moved(bytes);
                self.read += bytes;
                if self.read >= MIN_READ {
                    self.held_up = None;
                    self.read = 0;
                }
                Poll::Ready(Ok(bytes))
            }
            Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
            Poll::Pending => {
                if self.held_up.is_none() {
                    self.read = 0;
                }
                let patience = self.patience;
                let held_up = self
                    .held_up
                    .get_or_insert_with(|| Box::pin(tokio::time::sleep(patience)));
                ready!(held_up.as_mut().poll(cx));
                Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
            }
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Watched<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let read = ready!(Pin::new(&mut self.stream).poll_read(cx, buffer));
        self.activity.moved(buffer.filled().len() - before);
        Poll::Ready(read)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Watched<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.after_write(cx, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffers: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(cx, buffers);
        self.after_write(cx, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    #[tokio::test]
    async fn a_client_that_does_not_read_ends_the_write_and_one_that_does_gets_all() {
        let patience = Duration::from_millis(100);
        let (_silent, server) = tokio::io::duplex(1024);
        let mut server = Watched::new(server, Activity::new(), patience);
        let error = server.write_all(&[7; 4096]).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);

        let (mut reading, server) = tokio::io::duplex(1024);
        let mut server = Watched::new(server, Activity::new(), Duration::from_secs(60));
        let answer = vec![7; 100_000];
        let sent = answer.clone();
        let writing = tokio::spawn(async move {
            server.write_all(&sent).await.unwrap();
            server.shutdown().await.unwrap();
        });
        let mut received = Vec::new();
        reading.read_to_end(&mut received).await.unwrap();
        writing.await.unwrap();
        assert!(received == answer);
    }
}
