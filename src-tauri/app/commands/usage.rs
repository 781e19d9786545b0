//! What the database costs, handed on to the engine.

use heliograph_core::{
    engine::Engine,
    trouble::Trouble,
    usage::{Example, Fleet, FleetPlan, UsageView, WhatIf, WhatIfView},
};
use tauri::State;

use super::blocking;
use crate::exchange;

#[tauri::command]
pub(crate) async fn usage(engine: State<'_, Engine>) -> Result<UsageView, Trouble> {
    Ok(engine.usage())
}

#[tauri::command]
pub(crate) async fn usage_what_if(engine: State<'_, Engine>, settings: WhatIf) -> Result<WhatIfView, Trouble> {
    Ok(engine.usage_what_if(settings))
}

#[tauri::command]
pub(crate) async fn plan_fleet(engine: State<'_, Engine>, fleet: Fleet) -> Result<FleetPlan, Trouble> {
    Ok(engine.plan(fleet))
}

#[tauri::command]
pub(crate) async fn plan_example(engine: State<'_, Engine>) -> Result<Example, Trouble> {
    Ok(engine.plan_example())
}

#[tauri::command]
pub(crate) async fn export_usage(engine: State<'_, Engine>) -> Result<String, Trouble> {
    let table = engine.export_usage();
    blocking(move || exchange::write(&table)).await?
}
