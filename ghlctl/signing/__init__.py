"""How deliveries are signed and verified: bytes in, bytes out, no clock. One file per scheme."""
