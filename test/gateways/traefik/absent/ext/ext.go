// Package ext stands in for a folder of Traefik's own repository that is no part of its module; it is empty there, too.
package ext

type HTTP struct{}

type Router struct{}
