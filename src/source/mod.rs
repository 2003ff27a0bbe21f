//! Finds the files, knows them again, reads them and cuts them into events.
