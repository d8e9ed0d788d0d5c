#!/bin/sh
echo t $1
