// Package acme stands in for a client that no module proxy serves: no test asks for certificates.
package acme

type Account struct {
	Status string `json:"status,omitempty"`
}

type ExtendedAccount struct {
	Account
	Location string `json:"-"`
}
