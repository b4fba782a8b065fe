//! The server over HTTP: what it answers, to whom, and what it never tells.

mod api;
mod browser;
mod client;
mod document;
mod hostile;
mod pages;
mod security;
mod together;
mod uploads;
mod world;
