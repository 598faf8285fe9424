import Base
import Kernel
import System

extension VaultKeyWatch {
    /// Lets health and metrics see the keys.
    func observe(_ health: Health, _ metrics: Metrics, rotateAfter: Duration, clocks: Clocks = .system) {
        metrics.gauge("vault_key_age_seconds", "How old the key is that seals stored secrets.") {
            (self.vault.currentKeyAge(at: clocks.now) ?? .zero) / .seconds(1)
        }
        health.add("vault") {
            if let problem = self.problem { return .degraded("The keys cannot be read: \(problem)") }
            guard let age = self.vault.currentKeyAge(at: clocks.now), age > rotateAfter else { return .ok }
            let days = age.components.seconds / 86_400
            return .degraded(
                "The encryption key \(self.vault.keys.current.id) is \(days) days old; `heliograph rotate-keys` changes it"
            )
        }
    }
}
