"""A server of PowerShell remoting: the protocol is psrpcore's, WS-Management and the out-of-process framing are ours."""
