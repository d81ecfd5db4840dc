//! The operations, a family to a file.

mod activities;
mod aliases;
mod create_state_machine;
mod delete_state_machine;
mod describe_state_machine;
mod executions;
mod get_execution_history;
mod list_state_machines;
mod map_runs;
mod redrive_execution;
mod start_execution;
mod start_sync_execution;
mod stop_execution;
mod tags;
mod task_results;
mod test_state;
mod update_state_machine;
mod validate_state_machine_definition;
mod versions;
