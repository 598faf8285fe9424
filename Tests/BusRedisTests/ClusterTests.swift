import Base
import Bus
import BusRedis
import Foundation
import Reactor
import Testing

extension RedisTests {
    /// What a cluster does that one server does not.
    @Suite struct ClusterTests {
        /// A key and a channel in every part of the cluster.
        private let names = (0..<30).map { "k\($0)" }

        @Test(arguments: [true, false])
        func `a master that dies is replaced, and its channels follow`(isSharded: Bool) async throws {
            let cluster = try RedisCluster.shared.get()
            let prefix = "\(UUID().uuidString):"
            let adjust: @Sendable (inout RedisSettings) -> Void = {
                $0.prefix = prefix
                $0.usesShardedChannels = isSharded
            }
            try await withRedisBus(cluster.url, adjust) { bus async throws in
                let channels = names.map { Channel($0) }
                let subscription = await bus.subscribe(to: channels)
                // Without slots, channels are with the owner of the first slot.
                let slot = isSharded ? HashSlot.slot(of: Bytes(prefix + names[0])) : 0
                let victim = try cluster.master(of: slot)
                victim.kill()
                try await bus.waitUntilDegraded()
                for name in names {
                    try await eventually("a count of \(name)") { try await bus.increment(name) }
                }
                try await bus.waitUntilConnected()
                while try await subscription.event() != .gap(.reconnected) {}
                for channel in channels { bus.publish("\(channel)", to: channel) }
                var seen: Set<Channel> = []
                while seen.count < channels.count { seen.insert(try await subscription.message().channel) }
            }
            let victim = cluster.nodes.first { !isListening($0.port) }
            try victim?.start()
            try cluster.waitUntilHealthy()
        }

        @Test func `a slot that moves is followed`() async throws {
            let cluster = try RedisCluster.shared.get()
            let prefix = "\(UUID().uuidString):"
            let adjust: @Sendable (inout RedisSettings) -> Void = {
                $0.prefix = prefix
                // Only a redirection can tell.
                $0.refreshInterval = .seconds(3600)
            }
            try await withRedisBus(cluster.url, adjust) { bus async throws in
                let slot = HashSlot.slot(of: Bytes(prefix + "k"))
                let channel = Channel("{\(prefix)k}")
                #expect(HashSlot.slot(of: Bytes(prefix + channel.name)) == slot)
                let subscription = await bus.subscribe(to: channel)
                #expect(try await bus.increment("k") == 1)
                let source = try cluster.master(of: slot)
                let target = try #require(try cluster.masters().first { $0 !== source })
                try await move(slot, key: prefix + "k", from: source, to: target, bus)
                #expect(try await bus.increment("k") == 3)
                #expect(try await subscription.event() == .gap(.reconnected))
                bus.publish("moved", to: channel)
                #expect(try await subscription.message().text == "moved")
                try await move(slot, key: prefix + "k", from: target, to: source, bus)
                #expect(try await bus.increment("k") == 5)
            }
            try cluster.waitUntilHealthy()
        }

        /// Moves a slot with its key as `redis-cli` does, and counts once in the middle of it, when `ASK` rules.
        private func move(
            _ slot: Int, key: String, from source: RedisProcess, to target: RedisProcess, _ bus: RedisBus
        ) async throws {
            let (sourceID, targetID) = (try source.cli("CLUSTER", "MYID"), try target.cli("CLUSTER", "MYID"))
            try target.cli("CLUSTER", "SETSLOT", "\(slot)", "IMPORTING", sourceID)
            try source.cli("CLUSTER", "SETSLOT", "\(slot)", "MIGRATING", targetID)
            try source.cli("MIGRATE", "127.0.0.1", "\(target.port)", key, "0", "5000")
            _ = try await bus.increment("k")
            for node in [target, source] { try node.cli("CLUSTER", "SETSLOT", "\(slot)", "NODE", targetID) }
        }

        @Test func `a cluster is found by one of its servers, a replica even`() async throws {
            let cluster = try RedisCluster.shared.get()
            let replica = try #require(try cluster.nodes.first { try $0.cli("ROLE").hasPrefix("slave") })
            try await withRedisBus("redis+cluster://127.0.0.1:\(replica.port)") { bus async throws in
                for name in names { #expect(try await bus.increment(name) == 1) }
            }
        }

        @Test func `calls go on while a slot has no owner, within their time`() async throws {
            let cluster = try RedisCluster.shared.get()
            let prefix = "\(UUID().uuidString):"
            try await withRedisBus(cluster.url, { $0.prefix = prefix }) { bus async throws in
                let slot = HashSlot.slot(of: Bytes(prefix + "k"))
                let master = try cluster.master(of: slot)
                let ids = try master.cli("CLUSTER", "MYID")
                try master.cli("CLUSTER", "DELSLOTS", "\(slot)")
                async let count = bus.increment("k")
                try await Task.sleep(for: .milliseconds(100))
                try master.cli("CLUSTER", "SETSLOT", "\(slot)", "NODE", ids)
                #expect(try await count == 1)
            }
            try cluster.waitUntilHealthy()
        }
    }
}
