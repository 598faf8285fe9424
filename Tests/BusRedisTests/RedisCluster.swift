import Foundation

/// Three masters and three replicas on loopback.
struct RedisCluster: Sendable {
    /// One for the whole run; whoever changes it puts it right again.
    static let shared = Result { try RedisCluster() }

    let nodes: [RedisProcess]

    init() throws {
        nodes = try (0..<6).map { _ in
            try RedisProcess([
                "--cluster-enabled", "yes", "--cluster-node-timeout", "3000",
                "--cluster-replica-validity-factor",
                "0", "--cluster-allow-replica-migration", "no",
            ])
        }
        for (index, node) in nodes.enumerated() {
            try node.cli("CLUSTER", "SET-CONFIG-EPOCH", "\(index + 1)")
        }
        for (master, slots) in zip(nodes, [(0, 5460), (5461, 10_922), (10_923, 16_383)]) {
            try master.cli("CLUSTER", "ADDSLOTSRANGE", "\(slots.0)", "\(slots.1)")
        }
        for node in nodes.dropFirst() { try nodes[0].cli("CLUSTER", "MEET", "127.0.0.1", "\(node.port)") }
        let ids = try nodes.map { try $0.cli("CLUSTER", "MYID") }
        for index in 3..<6 {
            // A replica must have heard of its master before it can follow it.
            let isDone = try waitUntil(seconds: 60) {
                try nodes[index].cli("CLUSTER", "REPLICATE", ids[index - 3]) == "OK"
            }
            guard isDone else { throw CocoaError(.featureUnsupported) }
        }
        try waitUntilHealthy()
    }

    var url: String { "redis+cluster://" + nodes.map { "127.0.0.1:\($0.port)" }.joined(separator: ",") }

    /// Returns once all six agree, the slots are covered, and each replica is in step.
    func waitUntilHealthy() throws {
        let isHealthy = try waitUntil(seconds: 60) {
            try nodes.allSatisfy { node in
                let info = try node.cli("CLUSTER", "INFO")
                guard info.contains("cluster_state:ok"), info.contains("cluster_known_nodes:6"),
                    info.contains("cluster_size:3")
                else { return false }
                let lines = try node.cli("CLUSTER", "NODES").split(separator: "\n")
                guard !lines.contains(where: { $0.contains("fail") || $0.contains("handshake") }),
                    lines.count(where: { $0.contains("slave") }) == 3
                else { return false }
                let replication = try node.cli("INFO", "replication")
                return replication.contains("role:master") || replication.contains("master_link_status:up")
            }
        }
        guard isHealthy else { throw CocoaError(.featureUnsupported) }
    }

    /// The server that owns a slot, as the cluster sees it.
    func master(of slot: Int) throws -> RedisProcess {
        for node in nodes {
            for line in try node.cli("CLUSTER", "NODES").split(separator: "\n")
            where line.contains("myself,master") {
                for range in line.split(separator: " ").dropFirst(8) where !range.hasPrefix("[") {
                    let ends = range.split(separator: "-").compactMap { Int($0) }
                    if let first = ends.first, let last = ends.last, (first...last).contains(slot) {
                        return node
                    }
                }
            }
        }
        throw CocoaError(.featureUnsupported)
    }

    /// The servers that own slots.
    func masters() throws -> [RedisProcess] {
        try nodes.filter { try $0.cli("ROLE").hasPrefix("master") }
    }
}
