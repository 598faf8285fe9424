import Base
import Bus
import Reactor
import Wire

extension RedisLink {
    /// Subscribes to channels that somebody still listens to; where messages may have been missed, a gap follows.
    func want(_ names: [Bytes], isLate: Bool) {
        for name in names where owner?.isWanted(name) == true {
            guard channels.add(name, isLate: isLate || !status.isUp) else { continue }
            ask(name)
        }
        stream?.flushSoon()
    }

    /// Returns once the server has confirmed the channels, at the deadline, or where it is out of reach.
    func confirmed(_ names: [Bytes], by deadline: MonotonicNanoseconds) async {
        switch status {
        case .down, .stopped: return
        case .connecting, .up: break
        }
        let call = PendingCall(deadline: deadline, sent: loop.now)
        guard channels.await(names, call) else { return }
        do throws(BusError) {
            try enroll(call)
            _ = try await wait(call)
        } catch {
            // Out of time or of luck: what is confirmed later is followed by a gap.
            channels.markLate(call)
        }
    }

    /// Unsubscribes from channels that nobody listens to any more.
    nonisolated func unwant(_ names: [Bytes]) {
        loop.execute {
            self.assumeIsolated { link in
                for name in names where link.owner?.isWanted(name) != true { link.drop(name) }
                link.stream?.flushSoon()
            }
        }
    }

    /// Takes over these channels, which may come from another server, and drops what lives elsewhere now.
    func assign(_ names: [Bytes]) {
        // Somebody may have begun to listen after `names` was made: each channel is asked about anew.
        for name in channels.confirmed.keys where owner?.isHome(self, of: name) == false { drop(name) }
        want(names, isLate: true)
        stream?.flushSoon()
    }

    /// Asks a new connection for everything again.
    func resubscribe() {
        for name in channels.confirmed.keys { ask(name) }
        stream?.flush()
    }

    private func ask(_ name: Bytes) {
        guard case .up(let server) = status, stream != nil else { return }
        channels.ask()
        send([server.isSharded ? "SSUBSCRIBE" : "SUBSCRIBE", name], .subscribed(name))
    }

    private func drop(_ name: Bytes) {
        guard channels.remove(name), case .up(let server) = status, stream != nil else { return }
        send([server.isSharded ? "SUNSUBSCRIBE" : "UNSUBSCRIBE", name], .unsubscribed(name))
    }

    // MARK: What the server says

    func handlePush(_ elements: [RESPValue]) throws(LinkFailure) {
        guard elements.count >= 2, let kind = elements[0].text else { return }
        switch kind {
        case "message", "smessage":
            guard elements.count == 3, let name = elements[1].bytes, let message = elements[2].bytes else {
                throw LinkFailure("a message without a channel or content")
            }
            owner?.received(message, on: name)
        case "subscribe", "ssubscribe":
            guard let name = elements[1].bytes, case .subscribed(name)? = expectations.popFirst() else {
                throw LinkFailure("the server confirms what was not asked")
            }
            settle(name, isConfirmed: true)
        case "unsubscribe", "sunsubscribe":
            guard let name = elements[1].bytes else { return }
            if case .unsubscribed(name)? = expectations.head {
                _ = expectations.popFirst()
            } else if channels.remove(name) {
                owner?.channelMoved()
            }
        default: break
        }
    }

    /// A subscription is confirmed by what the server says unasked; an answer in its place is a refusal.
    func subscriptionAnswered(_ name: Bytes, _ reply: RESPValue) throws(LinkFailure) {
        guard case .error(let text) = reply else {
            throw LinkFailure("the server answers a subscription with something else")
        }
        switch RedisRefusal(text) {
        case .moved, .ask, .later, .clusterDown:
            _ = channels.remove(name)
            settle(name, isConfirmed: false)
            owner?.channelMoved()
        case .stale, .noScript, .other:
            throw LinkFailure("Redis refuses the subscription to \(name) (\(text))")
        }
    }

    private func settle(_ name: Bytes, isConfirmed: Bool) {
        for call in channels.answered(name, isConfirmed: isConfirmed) { finish(call) }
        let caught = channels.takeCaught()
        if !caught.isEmpty { owner?.caughtUp(caught) }
    }
}
