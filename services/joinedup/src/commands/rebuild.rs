//! `rebuild`: the views built again from the log. Views are a cache, so this is safe at any time while no server has
//! the folder open; a running server rebuilds beside the view in use when an admin asks it to.

use crate::cli::{Failure, Server};
use crate::open_log;
use joinedup_application::app::Definitions;
use joinedup_projector::Projector;

/// Rebuilds and says how far.
pub async fn run(server: &Server) -> Result<(), Failure> {
    let config = server.settings()?;
    let definitions = Definitions::read(&config).map_err(Failure::usage)?;
    let log = open_log::open(&config).await?;
    let projector = Projector::start(open_log::views(&config), log, definitions.areas.clone())
        .map_err(Failure::new)?;
    let views = projector.views();
    let rebuilt = projector.rebuild().await;
    let status = views.status();
    projector.stop().await;
    rebuilt.map_err(Failure::new)?;
    println!(
        "rebuilt up to position {}; {} events are set aside",
        status.position, status.quarantined
    );
    Ok(())
}
