import Base

/// A policy made ready: what requests of each class are measured by.
final class RatePlan: Sendable {
    let policy: RatePolicy
    private let caller: Terms
    private let address: Terms
    private let signIn: RateTerms
    let wrongCredentials: RateTerms

    private struct Terms: Sendable {
        let interactive: RateTerms
        let bulk: RateTerms

        init(_ budget: RatePolicy.Budget, _ policy: RatePolicy) {
            interactive = RateTerms(
                budget, delayMax: policy.delayMax, warningPercent: policy.warningPercent)
            // No overdraft: it would be taken out of the reserve.
            bulk = RateTerms(
                budget, cost: policy.bulkCost, reservePercent: policy.bulkReservePercent,
                warningPercent: policy.warningPercent)
        }
    }

    init(_ policy: RatePolicy) {
        self.policy = policy
        caller = Terms(policy.caller, policy)
        address = Terms(policy.address, policy)
        signIn = RateTerms(policy.signIn, warningPercent: policy.warningPercent)
        wrongCredentials = RateTerms(policy.wrongCredentials, warningPercent: policy.warningPercent)
    }

    /// Which budget a request is counted in, and by which terms; nil where it is not counted.
    ///
    /// It is one budget for each request, so that it takes one look into a table or one round trip. Who has signed in is
    /// counted by who they are: many may share an address, and an address may change. A key has its own budget, not its
    /// user's: one program that goes wild must not lock its owner's others out. Nobody in particular is counted by
    /// address. So are attempts to sign in, whoever makes them: what is guessed belongs to somebody else.
    func budget(of rate: RateClass, subject: String?, address: RateAddress) -> (RateKey, RateTerms)? {
        guard policy.isEnabled else { return nil }
        return switch (rate, subject) {
        case (.unlimited, _): nil
        case (.signIn, _): (.signIn(address), signIn)
        case (.interactive, let subject?): (.caller(subject), caller.interactive)
        case (.bulk, let subject?): (.caller(subject), caller.bulk)
        case (.interactive, nil): (.address(address), self.address.interactive)
        case (.bulk, nil): (.address(address), self.address.bulk)
        }
    }
}

/// Whose budget it is.
enum RateKey: Hashable {
    case caller(String)
    case address(RateAddress)
    case signIn(RateAddress)
    case wrongCredentials(RateAddress)

    /// The key in tables of this process, under a seed of this process: what collides, nobody outside can find out.
    var tag: UInt64 { UInt64(bitPattern: Int64(hashValue)) }

    /// The key on the bus.
    var name: String {
        switch self {
        case .caller(let subject): "rate:\(subject)"
        case .address(let address): "rate:address:\(address)"
        case .signIn(let address): "rate:signin:\(address)"
        case .wrongCredentials(let address): "rate:credentials:\(address)"
        }
    }
}
