/// The negotiation of permessage-deflate (RFC 7692, 7).
///
/// We always agree on no context takeover for both sides, so that no zlib state outlives a message. A server may
/// demand that of its client; a client can only offer it, and refuses a server that does not agree. A limited
/// server window is declined: shared frames are compressed with the full one.
enum WebSocketExtensions {
    static let offer = "permessage-deflate; client_no_context_takeover; server_no_context_takeover"

    /// What a server answers to one offer; nil declines it.
    static func answer(_ offer: ExtensionList.Item) -> String? {
        guard isWellFormed(offer, bareClientWindow: true) else { return nil }
        var answer = "permessage-deflate; server_no_context_takeover; client_no_context_takeover"
        for parameter in offer.parameters where parameter.name == "server_max_window_bits" {
            guard parameter.value == "15" else { return nil }
            answer += "; server_max_window_bits=15"
        }
        return answer
    }

    /// Whether a client can work with what a server answered.
    static func isAcceptable(_ answer: ExtensionList.Item) -> Bool {
        let names = answer.parameters.map(\.name)
        // The client's window was not offered, so the server must not limit it.
        return isWellFormed(answer, bareClientWindow: false)
            && names.contains("server_no_context_takeover") && !names.contains("client_max_window_bits")
    }

    private static func isWellFormed(_ item: ExtensionList.Item, bareClientWindow: Bool) -> Bool {
        guard item.name.lowercased() == "permessage-deflate" else { return false }
        var seen: Set<String> = []
        for parameter in item.parameters {
            guard seen.insert(parameter.name).inserted else { return false }
            switch (parameter.name, parameter.value) {
            case ("server_no_context_takeover", nil), ("client_no_context_takeover", nil): break
            case ("client_max_window_bits", nil) where bareClientWindow: break
            case ("server_max_window_bits", let bits?), ("client_max_window_bits", let bits?):
                guard ["8", "9", "10", "11", "12", "13", "14", "15"].contains(bits) else { return false }
            default: return false
            }
        }
        return true
    }
}
