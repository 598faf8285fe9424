internal import CCurl

extension HTTPClientError {
    /// What libcurl's code means for a transfer that stands so.
    init(
        _ result: CURLcode, _ message: String, _ request: HTTPClientRequest, _ isConnected: Bool,
        _ wasRefused: Bool
    ) {
        let isProxied = request.proxy != nil
        let code: Code =
            switch result {
            case CURLE_UNSUPPORTED_PROTOCOL, CURLE_URL_MALFORMAT: isConnected ? .protocolError : .badRequest
            case CURLE_COULDNT_RESOLVE_HOST: .resolve
            case CURLE_COULDNT_RESOLVE_PROXY, CURLE_PROXY: .proxy
            case CURLE_COULDNT_CONNECT where wasRefused: .refusedByGuard
            case CURLE_COULDNT_CONNECT: isProxied ? .proxy : .connect
            case CURLE_SEND_ERROR, CURLE_RECV_ERROR, CURLE_GOT_NOTHING:
                isConnected ? .connectionLost : isProxied ? .proxy : .connect
            case CURLE_PARTIAL_FILE, CURLE_SEND_FAIL_REWIND: .connectionLost
            case CURLE_OPERATION_TIMEDOUT: .timeout
            case CURLE_TOO_MANY_REDIRECTS: .tooManyRedirects
            case CURLE_FILESIZE_EXCEEDED: .tooLarge
            case CURLE_WEIRD_SERVER_REPLY, CURLE_HTTP2, CURLE_HTTP2_STREAM, CURLE_BAD_CONTENT_ENCODING:
                .protocolError
            case CURLE_SSL_CONNECT_ERROR, CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CERTPROBLEM,
                CURLE_SSL_CIPHER,
                CURLE_SSL_ENGINE_INITFAILED, CURLE_SSL_CACERT_BADFILE, CURLE_SSL_CRL_BADFILE,
                CURLE_SSL_ISSUER_ERROR, CURLE_SSL_PINNEDPUBKEYNOTMATCH, CURLE_SSL_INVALIDCERTSTATUS,
                CURLE_SSL_CLIENTCERT, CURLE_USE_SSL_FAILED:
                .tls
            default: .other
            }
        self.init(code, message, mayHaveBeenSent: isConnected)
    }
}
