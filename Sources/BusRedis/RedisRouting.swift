import Base
import Crypto
import Reactor

/// The two connections to one server.
struct RedisNode: Sendable {
    let endpoint: RedisEndpoint
    let commands: RedisLink
    let subscriptions: RedisLink

    var links: [RedisLink] { [commands, subscriptions] }

    /// What is wrong with the server; nil where nothing is.
    var fault: String? {
        for link in links {
            if let fault = link.status.fault { return "\(endpoint): \(fault)" }
        }
        return nil
    }
}

/// Which servers there are, and who owns which slot.
struct RedisRouting: Sendable {
    var nodes: [RedisEndpoint: RedisNode] = [:]
    /// The map of a cluster, once one is known.
    var slots: SlotMap?
    var isStopped = false

    /// A server that can be reached, else any.
    var anyNode: RedisNode? { nodes.values.first { $0.commands.status.isUp } ?? nodes.values.first }

    /// The server that has the channels of a cluster without slots for channels: the same for as long as it is there.
    var firstNode: RedisNode? {
        (slots?.masters.first).flatMap { nodes[$0] }
            ?? nodes.values.min { "\($0.endpoint)" < "\($1.endpoint)" }
    }

    /// Whether the servers keep channels in slots.
    var isSharded: Bool {
        for node in nodes.values {
            if case .up(let server) = node.subscriptions.status { return server.isSharded }
            if case .up(let server) = node.commands.status { return server.isSharded }
        }
        return false
    }

    /// What is wrong; nil where nothing is.
    func fault(isCluster: Bool) -> String? {
        let fault = nodes.values.lazy.compactMap(\.fault).min()
        guard isCluster else { return fault ?? (nodes.isEmpty ? "not connected yet" : nil) }
        guard let slots else { return fault ?? "the cluster's map is not known yet" }
        return fault ?? (slots.isComplete ? nil : "the cluster has slots without a server")
    }
}
