package import Base

/// What a server's error reply asks the client to do.
package enum RedisRefusal: Sendable, Equatable {
    /// The slot lives elsewhere; an empty host is the host that said so.
    case moved(slot: Int, to: RedisEndpoint)
    /// The slot is on its way: this one time, ask there.
    case ask(slot: Int, at: RedisEndpoint)
    /// Try the same again in a moment.
    case later(String)
    /// The whole cluster has no owner for the slot at present.
    case clusterDown(String)
    /// This server has become a replica, or does not let us in any more: connect anew.
    case stale(String)
    /// The script is not known there: send it.
    case noScript
    /// Anything else.
    case other(String)

    /// Whether a redirection is meant to last.
    var isMove: Bool {
        if case .moved = self { true } else { false }
    }

    /// Reads an error reply.
    package init(_ reply: Bytes) {
        let text = reply.repairedText
        let words = text.split(separator: " ", maxSplits: 3, omittingEmptySubsequences: false)
        switch words.first {
        case "MOVED", "ASK":
            guard words.count >= 3, let slot = Int(words[1]), (0..<HashSlot.count).contains(slot),
                let endpoint = RedisEndpoint(words[2])
            else {
                self = .other(text)
                return
            }
            self = words[0] == "MOVED" ? .moved(slot: slot, to: endpoint) : .ask(slot: slot, at: endpoint)
        case "TRYAGAIN", "LOADING", "BUSY": self = .later(text)
        case "CLUSTERDOWN", "MASTERDOWN": self = .clusterDown(text)
        case "READONLY", "NOAUTH", "NOREPLICAS": self = .stale(text)
        case "NOSCRIPT": self = .noScript
        default: self = .other(text)
        }
    }
}
