"""A campaign: a state machine in a ledger, and the steps that move it on."""
