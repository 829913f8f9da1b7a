"""GoHighLevel's marketplace webhooks: flat bodies, wire types and believable people."""
