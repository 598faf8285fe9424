internal import HTTPClient

extension BotAPIError {
    /// What a failed exchange means for a call; the client's messages carry no path, so no token.
    init(_ error: HTTPClientError) {
        let code: Code =
            switch error.code {
            case .badRequest, .bodyFailed: .badCall
            case .overloaded, .resolve, .connect, .refusedByGuard, .proxy, .tls, .connectionLost, .other:
                .unreachable
            case .timeout: .timeout
            case .tooLarge, .tooManyRedirects, .protocolError: .malformedAnswer
            case .cancelled: .cancelled
            }
        self.init(code, error.description, mayHaveBeenSent: error.mayHaveBeenSent)
    }
}
