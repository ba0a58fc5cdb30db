//! The doorbell: somebody has written something that this node should look at now rather than at its next look.
//!
//! Invariant: it only saves time. Nothing is decided by it, and whoever misses a ring finds the same at the next look.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio_postgres::{AsyncMessage, Config, NoTls};

use crate::Error;

/// How long to wait before listening again after the connection was lost, and how often to look for the end.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// A doorbell; silent once dropped.
pub struct Doorbell {
    taken_down: Arc<AtomicBool>,
}

impl Doorbell {
    /// Listens on a thread of its own. `ring` is also called when the connection comes back: it may have missed a ring.
    pub(super) fn hang(config: Config, ring: impl Fn() + Send + 'static) -> Result<Self, Error> {
        let taken_down = Arc::new(AtomicBool::new(false));
        let over = taken_down.clone();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| Error::Unusable(format!("no runtime for the doorbell: {error}")))?;
        std::thread::Builder::new()
            .name("store-doorbell".into())
            .spawn(move || {
                runtime.block_on(async {
                    while !over.load(Ordering::Relaxed) {
                        let _ = listen(&config, &ring, &over).await;
                        tokio::time::sleep(LOOK_EVERY).await;
                    }
                });
            })
            .map_err(|error| Error::Unusable(format!("no thread for the doorbell: {error}")))?;
        Ok(Self { taken_down })
    }
}

impl Drop for Doorbell {
    fn drop(&mut self) {
        self.taken_down.store(true, Ordering::Relaxed);
    }
}

async fn listen(config: &Config, ring: &impl Fn(), over: &AtomicBool) -> Result<(), tokio_postgres::Error> {
    let (client, mut connection) = config.connect(NoTls).await?;
    let mut listening = std::pin::pin!(client.batch_execute("LISTEN tillguard"));
    let mut is_listening = false;
    loop {
        if over.load(Ordering::Relaxed) {
            return Ok(());
        }
        tokio::select! {
            message = std::future::poll_fn(|context| connection.poll_message(context)) => match message {
                Some(Ok(AsyncMessage::Notification(_))) => ring(),
                Some(Ok(_)) => {}
                Some(Err(error)) => return Err(error),
                None => return Ok(()),
            },
            done = &mut listening, if !is_listening => {
                done?;
                is_listening = true;
                ring();
            }
            () = tokio::time::sleep(LOOK_EVERY) => {}
        }
    }
}
